"""Everything one engine owns; state.pyx makes and frees it."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint64_t

from dsp_ext.dtmf cimport dtmf_bank, dtmf_event
from dsp_ext.level cimport level_bank
from dsp_ext.messages cimport outbox_t
from dsp_ext.mix cimport mix_bank
from dsp_ext.ring cimport ring_t
from dsp_ext.tone cimport tone_bank

cdef enum:
    BLOCK_MIN = 8
    BLOCK_MAX = 160

cdef enum:  # bits of engine_t.sources: what sounds toward a channel besides its bridge
    FROM_PLAYER = 1
    FROM_TONE = 2
    FROM_FEED = 4

cdef enum:  # bits of engine_t.owed: ends not yet told
    OWES_PLAY = 1
    OWES_TONE = 2

cdef enum:
    TAP_BOTH = 0
    TAP_RX = 1
    TAP_TX = 2

cdef enum:  # the tick's parts, for timing; names in engine.pyx in this order
    AT_COMMANDS = 0
    AT_READ = 1
    AT_DECODE = 2
    AT_LEVEL = 3
    AT_DTMF = 4
    AT_MIX = 5
    AT_TONE = 6
    AT_PLAY = 7
    AT_ENCODE = 8
    AT_TAP = 9
    AT_WRITE = 10
    STAGES = 11

# One block of octets of a port's channels, octets[c * stride + i]. 0, or an errno.
ctypedef int (*port_io)(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil

cdef struct port_t:
    void* ctx
    port_io read
    port_io write
    int channels

cdef struct attachment_t:
    port_t port
    int first

cdef struct player_t:
    const int16_t* samples
    int64_t n
    int64_t pos
    float gain
    bint loop
    int64_t token
    int64_t seq  # the command that brought the samples
    int64_t ended_at
    bint stopped

cdef struct tap_t:
    ring_t* ring
    int channel
    int mode
    bint told  # this overrun has been posted

cdef struct engine_t:
    int channels
    int cstride  # floats in a row of pcm
    int block
    int law
    uint8_t idle  # the law's octet of silence
    int64_t samples  # media time
    uint8_t* rx  # [channels][block]
    uint8_t* tx  # [channels][block]
    float* pcm_in  # [block][cstride]
    float* pcm_out  # [block][cstride]
    attachment_t* ports  # [channels]
    int port_count
    level_bank* level
    dtmf_bank* dtmf
    mix_bank* mix
    tone_bank* tone
    uint8_t* detect  # [channels]
    int detecting  # channels with detection on
    int64_t dtmf_clock  # samples the detector has seen
    dtmf_event* digits  # [2 * channels]
    uint8_t* sources  # [channels] FROM_ bits
    int sounding  # channels with any source
    int32_t* copy_from  # [channels] the peer whose octets may be copied; -1 none
    int32_t* copy_now  # [channels] in this block
    int bridged  # channels in a bridge
    player_t* players  # [channels]
    int64_t* tone_token  # [channels]
    int* tones_ended  # [channels] scratch
    int64_t* tone_ended_at  # [channels]
    ring_t** feeds  # [channels]
    int16_t* feed_block  # [block] scratch
    float* tile  # [LANES][block] scratch: what players and feeds say
    tap_t* taps  # [max_taps]
    int tap_count
    int max_taps
    uint8_t* tap_block  # [2 * block] scratch
    uint8_t* owed  # [channels] OWES_ bits
    int owing  # channels that owe
    ring_t commands
    outbox_t out
    int64_t missed_untold
    int64_t ticks
    int64_t missed_ticks
    int64_t late_max_ns
    int64_t tap_dropped
    int64_t port_errors
    int64_t tick_ns
    int64_t tick_max_ns
    bint timing
    int64_t timed_ticks
    int64_t stage_ns[STAGES]

# NULL: no memory, or no descriptor
cdef engine_t* engine_new(int channels, int block, int law, int taps, int events,
                          int commands) noexcept nogil
cdef void engine_free(engine_t* e) noexcept nogil

# What the real-time thread and run_blocks need of an engine object.
cdef class EngineState:
    cdef engine_t* e
    cdef object ticked_by  # "" or who ticks it now
    cdef int claim(self, str who) except -1  # RuntimeError when somebody else ticks it
    cdef void let_go(self)
