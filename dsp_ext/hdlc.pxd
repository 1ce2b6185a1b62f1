"""C doors of the HDLC framer and deframer; hdlc.pyx says what and how."""

from libc.stdint cimport int64_t, uint8_t

cdef struct hdlc_counts:  # of one channel
    int64_t frames  # good ones, handed out
    int64_t crc_errors
    int64_t aborts  # seven ones within a frame
    int64_t misaligned  # not a whole number of octets
    int64_t too_short
    int64_t too_long
    int64_t no_room  # good ones that `out` or `store` had no place for

cdef struct hdlc_frame:
    int channel
    int64_t at  # bank time (octets since hdlc_rx_new) of the octet with the closing flag's end
    int offset  # where it lies in `store`, without its FCS
    int length

cdef struct hdlc_rx_bank:
    int channels
    int shortest, longest  # octets of a frame without its FCS
    bint msb_first
    int64_t now  # octets
    void* lines  # [channels]
    uint8_t* frames  # [channels][longest + 2] the frame that is being received

cdef struct hdlc_tx_bank:
    int channels
    int longest
    bint msb_first
    bint idle_ones  # what goes out between frames: ones, else flags
    bint shared_zero  # flags in a row share their zeros
    void* lines  # [channels]

cdef hdlc_rx_bank* hdlc_rx_new(int channels, int shortest, int longest,
                               bint msb_first) noexcept nogil  # NULL: no memory
cdef void hdlc_rx_free(hdlc_rx_bank* bank) noexcept nogil  # NULL is allowed
# octets[c * stride + i]; -> frames written to `out`, their octets to `store`.
# store: channels × (block + longest + 2), and max_frames: channels × (block // 3 + 2), always do
cdef int hdlc_rx_process(hdlc_rx_bank* bank, const uint8_t* octets, int stride, int block,
                         hdlc_frame* out, int max_frames, uint8_t* store,
                         int room) noexcept nogil
cdef void hdlc_rx_reset(hdlc_rx_bank* bank, int channel) noexcept nogil  # counts stay
cdef hdlc_counts hdlc_rx_counts(const hdlc_rx_bank* bank, int channel) noexcept nogil

cdef hdlc_tx_bank* hdlc_tx_new(int channels, int longest, int queue, bint msb_first,
                               bint idle_ones, bint shared_zero) noexcept nogil  # NULL: no memory
cdef void hdlc_tx_free(hdlc_tx_bank* bank) noexcept nogil  # NULL is allowed
# One thread may put while another one runs hdlc_tx_process. -> False: no room, nothing taken
cdef bint hdlc_tx_put(hdlc_tx_bank* bank, int channel, const uint8_t* data,
                      int length) noexcept nogil
cdef void hdlc_tx_abort(hdlc_tx_bank* bank, int channel) noexcept nogil
cdef size_t hdlc_tx_pending(const hdlc_tx_bank* bank, int channel) noexcept nogil  # octets
cdef void hdlc_tx_process(hdlc_tx_bank* bank, uint8_t* octets, int stride,
                          int block) noexcept nogil
