"""Everything one engine owns; memory.pyx makes and frees it."""

from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint64_t

from dsp_ext.dtmf cimport dtmf_bank
from dsp_ext.echo cimport echo_bank
from dsp_ext.level cimport level_bank
from dsp_ext.messages cimport outbox_t
from dsp_ext.mix_seat cimport mix_bank
from dsp_ext.native cimport now_ns
from dsp_ext.ring cimport ring_t
from dsp_ext.slots cimport slots_t
from dsp_ext.tone cimport tone_bank

cdef enum:
    BLOCK_MIN = 8
    BLOCK_MAX = 160

cdef enum:  # bits of engine_t.sources: what sounds toward a channel besides its bridge
    FROM_PLAYER = 1
    FROM_TONE = 2
    FROM_FEED = 4
    FROM_OCTETS = 8  # a feed of octets, which go out as they are

cdef enum:  # bits of engine_t.owed: ends not yet told
    OWES_PLAY = 1
    OWES_TONE = 2

cdef enum:
    TAP_BOTH = 0
    TAP_RX = 1
    TAP_TX = 2

cdef enum:  # the tick's parts, for timing; names in report.pyx in this order
    AT_COMMANDS = 0
    AT_READ = 1
    AT_DECODE = 2
    AT_ECHO = 3
    AT_LEVEL = 4
    AT_DTMF = 5
    AT_PROGRESS = 6
    AT_MFR2 = 7
    AT_FSK = 8
    AT_VAD = 9
    AT_MIX = 10
    AT_TONE = 11
    AT_PLAY = 12
    AT_ENCODE = 13
    AT_TAP = 14
    AT_WRITE = 15
    STAGES = 16

cdef enum:
    # Ticks: the parts of one are measured. Odd: kernels that work by turns are met in every turn.
    TIMED_EVERY = 17
    # Banks with slots besides echo: plans of call progress, directions of MF-R2, modems of caller
    # ID, voice.
    POSTS = 28

cdef enum:  # bits of echo_t.asked
    ECHO_FROZEN = 1
    ECHO_BARE = 2  # without the non-linear processor

cdef enum:  # kinds of posts
    POST_PROGRESS = 0
    POST_MFR2 = 1
    POST_FSK = 2
    POST_VAD = 3
    POST_KINDS = 4

cdef enum:  # what is left out when time is short, each with all before; names in event.py
    SHED_NOTHING = 0
    SHED_TAIL = 1  # echo tails of 128 ms are shortened to 64
    SHED_PROGRESS = 2  # call progress is not listened for
    SHED_NLP = 3  # echo is not suppressed beyond what the filter takes away
    SHED_ADAPT = 4  # echo paths are kept as they are
    SHED_ECHO = 5  # echo is let through
    SHED_LEVELS = 6

# One block of octets of a port's channels, octets[c * stride + i]. 0, or an errno.
ctypedef int (*port_io)(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil

# Let the driver send on a channel, by itself, what `from_channel` of the port `source` receives, until
# it is called with NULL. 1: done; 0: not now; -errno: it cannot. With NULL the channel begins anew.
ctypedef int (*port_join)(void* ctx, int channel, void* source, int from_channel) noexcept nogil

# The port's own clock. 1: a block has come; 2: one was there already, the tick is late for it;
# 0: none within timeout_ns; -1: it has none now.
ctypedef int (*port_wait)(void* ctx, int64_t timeout_ns) noexcept nogil

# Before each tick of a thread's: whether it hurries on to the next block, as after a stall.
ctypedef void (*port_pace)(void* ctx, bint hurried) noexcept nogil

cdef struct port_t:
    void* ctx
    port_io read
    port_io write
    port_wait wait  # NULL: the port goes by ours
    port_pace pace  # NULL: it need not know
    port_join join  # NULL: its driver cannot
    int delay  # samples by which its buffers hold back what is sent
    size_t driver  # which driver that is: it can join its own channels
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

cdef struct echo_t:  # the cancellers
    slots_t slots
    echo_bank** banks  # [slots.tiles] of LANES slots each
    uint8_t* asked  # [slots.tiles * LANES] ECHO_ bits, by command
    float* clean  # [slots.tiles][block][LANES] what is left of each slot's channel; NULL: whole
    int tail_ms
    bint nlp

cdef struct post_t:  # a bank of detectors that listens where it is asked to
    int kind
    int which  # the number of the plan, MF_ set, FSK_ modem
    slots_t slots
    void** banks  # [slots.tiles] of LANES slots each
    float* heard  # [slots.tiles][block][LANES] what the slots' channels bring; NULL: whole

cdef struct shed_t:
    int level
    int useful  # bit n: going to level n would leave out something
    int64_t cost_ns  # of the last tick, as measured by who ticks; -1: not measured
    int heat  # ticks that took too long, cooling with those that did not
    int calm  # ticks in a row with time to spare
    int patience  # of them that are needed to go back a level
    int since  # ticks since the last change for the better
    int64_t steps  # changes so far
    int64_t ticks  # spent at a level above nothing

cdef struct joins_t:  # what drivers send by themselves
    bint able  # there is a driver that can
    bint seen  # a block ago somebody was in a bridge
    int32_t* place  # [channels] the attachment it is of; -1: none
    int32_t* peer  # [channels] whose octets its driver sends on it; -1: nobody's, ours are sent
    int32_t* calm  # [channels] samples for which nothing has been in the way
    uint8_t* kept  # [channels] never joined, by command
    int now  # channels that are joined
    int64_t made  # since the start
    int64_t refused

cdef struct engine_shape:  # what an engine is made of
    int channels
    int block
    int law
    int taps
    int events
    int commands
    int echo  # slots
    int echo_tail_ms
    bint echo_nlp

cdef struct engine_t:
    int channels
    int tiles  # of LANES channels
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
    float* in_tile  # [block][LANES] what a tile of channels brings
    float* sent_tile  # [block][LANES] what was sent to it in the block before
    level_bank** level  # [tiles]
    dtmf_bank** dtmf  # [tiles]
    mix_bank* mix
    tone_bank* tone
    echo_t echo
    post_t[28] posts
    int post_count
    shed_t shed
    uint8_t* detect  # [channels]
    int32_t* detecting  # [tiles] channels with detection on
    uint8_t* sources  # [channels] FROM_ bits
    int sounding  # channels with any source
    int32_t* copy_from  # [channels] the peer whose octets may be copied; -1 none
    int32_t* copy_now  # [channels] in this block
    int bridged  # channels in a bridge
    int32_t* members  # [channels] of a bridge
    joins_t joins
    player_t* players  # [channels]
    int64_t* tone_token  # [channels]
    int* tones_ended  # [channels] scratch
    int64_t* tone_ended_at  # [channels]
    ring_t** feeds  # [channels]
    int octet_feeds  # how many of them carry octets
    int16_t* feed_block  # [block] scratch
    float* tile  # [LANES][block] scratch: what players and feeds say
    tap_t* taps  # [max_taps]
    int tap_count
    int max_taps
    int32_t* tapped  # [channels] its taps
    uint8_t* tap_block  # [2 * block] scratch
    uint8_t* owed  # [channels] OWES_ bits
    int owing  # channels that owe
    ring_t commands
    outbox_t out
    ring_t mail  # octets of the EV_CALLER_ID in `out`, in order; no data before there is such a post
    int64_t missed_untold
    int64_t ticks
    int64_t missed_ticks
    int64_t late_max_ns
    int64_t tap_dropped
    int64_t port_errors
    int64_t tick_ns
    int64_t tick_max_ns
    int64_t news_dropped  # what detectors had to tell and found no room
    size_t octets  # of memory taken at its making
    bint timing  # measure every tick, not some
    bint timed  # this one
    int64_t timed_ticks
    int64_t stage_ns[STAGES]


cdef inline void stage_mark(engine_t* e, int stage, int64_t* since) noexcept nogil:
    """In a tick that is timed: charge the time since the last mark to `stage`."""
    cdef int64_t now
    if e.timed:
        now = now_ns()
        e.stage_ns[stage] += now - since[0]
        since[0] = now
