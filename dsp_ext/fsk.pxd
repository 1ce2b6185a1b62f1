"""C doors of the caller ID receiver; fsk.pyx says what and how."""

from libc.stdint cimport int32_t, int64_t, uint8_t

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
