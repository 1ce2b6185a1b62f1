"""The engine's echo cancellers; cancel.pyx says which signals meet in them."""

from dsp_ext.state cimport engine_t

# ---- at a block's start, by command
cdef void cancel_set(engine_t* e, int channel, bint on, int asked) noexcept nogil  # ECHO_ bits
# every canceller as its commands and the load shed say
cdef void cancel_settle(engine_t* e) noexcept nogil
cdef bint cancels(const engine_t* e, int channel) noexcept nogil  # is what it brings altered?
# ---- in the tick
# slots that are not whole: what is left of every slot's channel, into e.echo.clean
cdef void cancel_slots(engine_t* e) noexcept nogil
# one tile of `n` channels from `first` on that lies in e.in_tile, in place
cdef void cancel_tile(engine_t* e, int tile, int first, int n) noexcept nogil
