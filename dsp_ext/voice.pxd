"""What the engine itself says into channels, and what it lets others hear; voice.pyx."""

from libc.stdint cimport int64_t

from dsp_ext.messages cimport command_t
from dsp_ext.ring cimport ring_t
from dsp_ext.state cimport engine_t

# ---- at a block's start, by command
cdef void player_start(engine_t* e, const command_t* command) noexcept nogil
cdef void player_stop(engine_t* e, int channel) noexcept nogil
cdef void voice_tone(engine_t* e, const command_t* command) noexcept nogil
cdef void voice_stop_tone(engine_t* e, int channel) noexcept nogil
# NULL: none. `octets`: the ring's are those of the line, sent in place of all else
cdef void voice_feed(engine_t* e, int channel, ring_t* ring, bint octets) noexcept nogil
cdef void voice_tap(engine_t* e, int channel, ring_t* ring, int mode) noexcept nogil
cdef void voice_untap(engine_t* e, int channel, ring_t* ring) noexcept nogil  # NULL: all
# tell the ends that are owed; channel -1: all
cdef void voice_settle(engine_t* e, int channel) noexcept nogil
# ---- in the tick
cdef void add_tones(engine_t* e) noexcept nogil
cdef void add_voices(engine_t* e) noexcept nogil  # players and feeds
# over what was encoded; where a ring is empty, that stays
cdef void put_octets(engine_t* e) noexcept nogil
cdef void fill_taps(engine_t* e) noexcept nogil
