"""The making half of an engine object; outfit.pyx."""

from dsp_ext.progress cimport progress_plan
from dsp_ext.report cimport EngineReport

cdef class EngineOutfit(EngineReport):
    cdef dict _posts  # bank's name -> number of its post
    cdef list _tones  # of each plan: its patterns' names
    cdef dict _plans  # country -> ListeningPlan, in the same order
    cdef int _add_post(self, str bank, int kind, int which, int slots,
                       const progress_plan* plan) except -1
