"""C doors of the caller ID sender; fsk_send.pyx says what and how."""

from libc.stdint cimport uint8_t, uint32_t

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
