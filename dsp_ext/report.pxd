"""The reading half of an engine object; report.pyx."""

from dsp_ext.memory cimport EngineState

cdef class EngineReport(EngineState):
    cdef list _attached  # ports
    cdef long long _commands_refused
    cdef readonly object seats  # dsp_ext.seats.Seats: who has which slot
