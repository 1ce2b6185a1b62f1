"""What the caller ID sender and receiver share for `cimport`: modems and their tones."""

cdef enum:
    FSK_BELL202 = 0  # mark 1200, space 2200 Hz
    FSK_V23 = 1  # mark 1300, space 2100 Hz
    FSK_LONGEST = 258  # octets of a message: type, length, 255, checksum


cdef inline double fsk_hz(int modem, bint mark) noexcept nogil:
    """The frequency of a modem's mark (1) or space (0), Hz."""
    if modem == FSK_V23:
        return 1300.0 if mark else 2100.0
    return 1200.0 if mark else 2200.0
