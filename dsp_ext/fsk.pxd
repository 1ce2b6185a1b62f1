"""C doors of the caller ID modem; fsk.pyx says what and how."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

cdef enum:
    FSK_BELL202 = 0  # mark 1200, space 2200 Hz
    FSK_V23 = 1  # mark 1300, space 2100 Hz
    FSK_LONGEST = 258  # octets of a message: type, length, 255, checksum

cdef struct fsk_event:
    int channel
    bint good  # framing and checksum were right
    int64_t at  # bank time (samples since fsk_rx_new) of its end
    float level_dbm0  # of the louder tone
    float twist_db  # positive: space, the higher tone, is stronger
    int length
    uint8_t[258] octets

cdef struct fsk_rx_bank:
    int channels
    int cstride  # floats in a row of pcm: units.padded(channels)
    int64_t now  # bank time, samples
    int64_t dropped  # events that found no room in `out`
    float[16] tap
    float* history  # [6][cstride] the last samples
    float* floats  # [groups][FSK_FLOATS][FSK_WIDE] state of fsk_octets
    int32_t* ints  # [groups][FSK_INTS][FSK_WIDE]
    uint8_t* enabled  # [cstride]
    uint8_t* tile_on  # [cstride / LANES] enabled channels in the tile
    void* messages  # [channels] as far as they have come

cdef fsk_rx_bank* fsk_rx_new(int channels, int modem) noexcept nogil  # NULL: no memory; disabled
cdef void fsk_rx_free(fsk_rx_bank* bank) noexcept nogil  # NULL is allowed
# -> events written; `channels` is always room enough for blocks of up to 160 samples
cdef int fsk_rx_process(fsk_rx_bank* bank, const float* pcm, int block, fsk_event* out,
                        int max_events) noexcept nogil
cdef void fsk_rx_reset(fsk_rx_bank* bank, int channel) noexcept nogil
# enabling starts from silence; disabling drops a message half received
cdef void fsk_rx_enable(fsk_rx_bank* bank, int channel, bint on) noexcept nogil

cdef struct fsk_message:
    int length
    uint8_t[258] octets
    int seizure, mark, stop, tail  # bits: alternating, ones before, stop bits, ones after
    float[2] amplitude  # linear peak of space, mark
    float speed  # 1.0: 1200 bit/s

cdef struct fsk_tx_bank:
    int channels
    uint32_t[2] step  # turns × 2³² a sample: space, mark
    void* senders  # [channels]

cdef fsk_tx_bank* fsk_tx_new(int channels, int modem) noexcept nogil  # NULL: no memory
cdef void fsk_tx_free(fsk_tx_bank* bank) noexcept nogil  # NULL is allowed
cdef void fsk_tx_start(fsk_tx_bank* bank, int channel, const fsk_message* message) noexcept nogil
cdef void fsk_tx_stop(fsk_tx_bank* bank, int channel) noexcept nogil
cdef bint fsk_tx_active(const fsk_tx_bank* bank, int channel) noexcept nogil
# adds into pcm_add[i * cstride + c]; -> channels whose message ended, in done_channels (all fit)
cdef int fsk_tx_process(fsk_tx_bank* bank, float* pcm_add, int cstride, int block,
                        int* done_channels) noexcept nogil
