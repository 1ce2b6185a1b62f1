"""POD messages between the control plane and the tick; messages.pyx says how they travel."""

from libc.stdint cimport int32_t, int64_t, uint64_t

from dsp_ext.ring cimport ring_t

cdef enum:
    CMD_PLAY = 1  # ptr, n: int16 samples; token; x: gain; a: loop
    CMD_STOP = 2
    CMD_TONE = 3  # ptr: tone_program (copied); token
    CMD_STOP_TONE = 4
    CMD_JOIN = 5  # a: bridge; x: talk; y: listen
    CMD_LEAVE = 6
    CMD_TAP = 7  # ptr: ring_t; a: mode
    CMD_UNTAP = 8  # ptr: ring_t
    CMD_FEED = 9  # ptr: ring_t; a: it carries octets
    CMD_UNFEED = 10
    CMD_DETECT = 11  # a: on
    CMD_RESET = 12
    CMD_ECHO = 13  # a: on; b: ECHO_ bits
    CMD_LISTEN = 14  # a: post, -1 none; b: its kind; n: how, see ears.pxd
    CMD_WHISPER = 15  # a: to whom, -1 nobody; x: gain
    CMD_LOUDEST = 16  # a: bridge; b: how many are heard, 0 all
    CMD_KEEP = 17  # a: on

cdef enum:  # as in event.py
    EV_ACK = 1
    EV_PLAY_DONE = 2
    EV_TONE_DONE = 3
    EV_DIGIT_START = 4
    EV_DIGIT_END = 5
    EV_TAP_OVERRUN = 6
    EV_MISSED = 7
    EV_TONE_HEARD = 8
    EV_TONE_GONE = 9
    EV_BUSY_LEARNED = 10
    EV_MF_START = 11
    EV_MF_END = 12
    EV_SHED = 13
    EV_CALLER_ID = 14
    EV_VOICE_BEGAN = 15
    EV_VOICE_ENDED = 16

cdef enum:
    REPLIES = 4  # events one command can cause: two "done", its ACK, and one to spare

cdef struct command_t:  # 64 octets, so that a ring holds a whole number of them
    int64_t seq
    int32_t kind
    int32_t channel
    void* ptr
    int64_t n
    int64_t token
    float x
    float y
    int32_t a
    int32_t b
    int64_t spare

cdef struct event_t:  # 64 octets
    int32_t kind
    int32_t channel
    int64_t at
    int64_t a
    int64_t b
    float x
    float y
    int64_t ref  # sequence number of the command whose buffer is let go; 0 none
    int64_t spare[2]

cdef struct outbox_t:
    ring_t ring
    int fd  # eventfd
    bint posted  # since the last outbox_open
    uint64_t reserve  # octets kept free for replies
    int64_t full  # events that found no room

cdef bint outbox_init(outbox_t* box, int events) noexcept nogil  # False: errno says why
cdef void outbox_release(outbox_t* box) noexcept nogil
cdef void outbox_open(outbox_t* box) noexcept nogil  # a block begins
cdef bint outbox_ready(const outbox_t* box) noexcept nogil  # room for a command's replies?
# room for what may be lost?
cdef bint outbox_room(const outbox_t* box) noexcept nogil
# what may be lost: counted in `full` when only the reserve is left
cdef bint outbox_post(outbox_t* box, const event_t* event) noexcept nogil
# what may not be lost: uses the reserve; the caller tries again when it is refused
cdef bint outbox_reply(outbox_t* box, const event_t* event) noexcept nogil
cdef void outbox_close(outbox_t* box) noexcept nogil  # the block ends: wake the reader
cdef void outbox_drained(outbox_t* box) noexcept nogil  # control thread: reset the eventfd
