"""Caller ID sender for many channels: Bell 202 and V.23 at 1200 bit/s, a message at a time.

What: makes channel seizure, mark and a message's octets, as fsk.pyx's receiver hears them.
How: one tone whose frequency follows the bits without a jump of its phase; where a bit ends between
two samples, the phase advances by a part of either tone.
Limits: one message a channel; bit rate 0.9 to 1.1 of the nominal one; up to +3.14 dBm0 a tone.
Memory a channel: 316 octets.
Source: ITU-T V.23, Bell 202; GR-30 and EN 300 659-1 for framing, seizure and levels.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

import numpy as np

from dsp_ext.fsk_modem cimport FSK_BELL202, FSK_LONGEST, FSK_V23, fsk_hz
from dsp_ext.units cimport SAMPLE_RATE, peak_of_dbm0, zeroed
from dsp_ext.units import FULL_SCALE_DBM0, channel_count, channel_index

cdef extern from "fsk_send.h":
    int fsk_bit(const uint8_t* octets, int length, int seizure, int mark, int stop, int tail,
                int at) noexcept nogil
    float tone_sine(uint32_t turn) noexcept nogil

MODEMS = {"bell202": FSK_BELL202, "v23": FSK_V23}

cdef double _TURN = 4294967296.0 / SAMPLE_RATE  # a phase's advance a sample, for each Hz


cdef struct sender:
    bint active
    uint32_t turn  # phase of the tone
    uint32_t clock, bit  # phase of the bit clock, its advance a sample; turns × 2³²
    int at, now  # number and value of the bit that is being sent
    fsk_message message


cdef fsk_tx_bank* fsk_tx_new(int channels, int modem) noexcept nogil:
    cdef fsk_tx_bank* bank = <fsk_tx_bank*>calloc(1, sizeof(fsk_tx_bank))
    if bank == NULL:
        return NULL
    bank.channels = channels
    bank.step[0] = <uint32_t>(fsk_hz(modem, 0) * _TURN + 0.5)
    bank.step[1] = <uint32_t>(fsk_hz(modem, 1) * _TURN + 0.5)
    bank.senders = zeroed(<size_t>channels * sizeof(sender))
    if bank.senders == NULL:
        fsk_tx_free(bank)
        return NULL
    return bank


cdef void fsk_tx_free(fsk_tx_bank* bank) noexcept nogil:
    if bank != NULL:
        free(bank.senders)
        free(bank)


cdef inline int _bit(const sender* s) noexcept nogil:
    cdef const fsk_message* m = &s.message
    return fsk_bit(m.octets, m.length, m.seizure, m.mark, m.stop, m.tail, s.at)


cdef void fsk_tx_start(fsk_tx_bank* bank, int channel, const fsk_message* message) noexcept nogil:
    cdef sender* s = <sender*>bank.senders + channel
    s.message, s.turn, s.clock, s.at = message[0], 0, 0, 0
    s.bit = <uint32_t>(1200 * message.speed * _TURN)
    s.now = _bit(s)
    s.active = s.now >= 0


cdef void fsk_tx_stop(fsk_tx_bank* bank, int channel) noexcept nogil:
    (<sender*>bank.senders + channel).active = False


cdef bint fsk_tx_active(const fsk_tx_bank* bank, int channel) noexcept nogil:
    return (<sender*>bank.senders + channel).active


cdef void _send(const fsk_tx_bank* bank, sender* s, float* pcm, int cstride,
                int block) noexcept nogil:
    """Adds a block; where a bit ends between two samples, so does its tone."""
    cdef int i, was
    cdef double part
    for i in range(block):
        pcm[<Py_ssize_t>i * cstride] += s.message.amplitude[s.now] * tone_sine(s.turn)
        s.clock += s.bit
        if s.clock >= s.bit:
            s.turn += bank.step[s.now]
            continue
        was = s.now
        s.at += 1
        s.now = _bit(s)
        if s.now < 0:
            s.active = False
            return
        part = s.clock / <double>s.bit  # of this sample's time that belongs to the new bit
        s.turn += <uint32_t>(bank.step[was] * (1 - part) + bank.step[s.now] * part)


cdef int fsk_tx_process(fsk_tx_bank* bank, float* pcm_add, int cstride, int block,
                        int* done_channels) noexcept nogil:
    cdef int told = 0
    cdef int channel
    cdef sender* s
    for channel in range(bank.channels):
        s = <sender*>bank.senders + channel
        if s.active:
            _send(bank, s, pcm_add + channel, cstride, block)
            done_channels[told] = channel
            told += not s.active
    return told


def modem_number(modem):
    """The number of a modem for the C doors. Raises ValueError for an unknown name."""
    if modem not in MODEMS:
        raise ValueError(f"modem must be one of {', '.join(MODEMS)}, not {modem!r}")
    return MODEMS[modem]


cdef int _count(value, int most, str what) except -1:
    if not 0 <= int(value) <= most:
        raise ValueError(f"{what} must be 0 to {most}, not {value}")
    return int(value)


cdef class CallerIdSender:
    """Sender of `channels` channels.

    channels : int, 1 to 65536
    modem : "bell202" (China, America) or "v23" (Europe)
    """

    cdef fsk_tx_bank* bank

    def __cinit__(self, channels, modem="bell202"):
        self.bank = fsk_tx_new(channel_count(channels), modem_number(modem))
        if self.bank == NULL:
            raise MemoryError("no memory for the caller ID sender")

    def __dealloc__(self):
        fsk_tx_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def send(self, channel, octets, *, level_dbm0=-13.5, twist_db=0.0, seizure_bits=300,
             mark_bits=180, stop_bits=1, tail_bits=10, speed=1.0):
        """Send a message, from type to checksum, in place of what was being sent.

        octets : bytes-like, 1 to 258
        level_dbm0 : of mark; space is `twist_db` stronger
        seizure_bits, mark_bits : 300 and 180 between rings; 0 and 80 during a call
        speed : of the bits, 1.0 is 1200 bit/s; 0.9 to 1.1
        Raises TypeError, IndexError for the channel, ValueError for values outside the limits.
        """
        cdef int place = channel_index(channel, self.bank.channels)
        cdef bytes data = bytes(memoryview(octets))
        cdef fsk_message message
        if not 1 <= len(data) <= FSK_LONGEST:
            raise ValueError(f"a message has 1 to {FSK_LONGEST} octets, not {len(data)}")
        if not 0.9 <= speed <= 1.1:
            raise ValueError(f"speed must be 0.9 to 1.1, not {speed!r}")
        if not -99 <= max(level_dbm0, level_dbm0 + twist_db) <= FULL_SCALE_DBM0:
            raise ValueError(f"no tone may be louder than {FULL_SCALE_DBM0} dBm0")
        memset(&message, 0, sizeof(message))
        message.length = len(data)
        memcpy(message.octets, <const char*>data, len(data))
        message.seizure = _count(seizure_bits, 100000, "seizure_bits")
        message.mark = _count(mark_bits, 100000, "mark_bits")
        message.stop = max(1, _count(stop_bits, 10, "stop_bits"))
        message.tail = _count(tail_bits, 100000, "tail_bits")
        message.amplitude[0] = peak_of_dbm0(level_dbm0 + twist_db)
        message.amplitude[1] = peak_of_dbm0(level_dbm0)
        message.speed = speed
        fsk_tx_start(self.bank, place, &message)

    def stop(self, channel):
        """Be silent from the next block on. Raises TypeError, IndexError."""
        fsk_tx_stop(self.bank, channel_index(channel, self.bank.channels))

    def active(self, channel):
        """Whether a message is being sent. Raises TypeError, IndexError."""
        return bool(fsk_tx_active(self.bank, channel_index(channel, self.bank.channels)))

    def process(self, block):
        """The next `block` samples: float32 ndarray of shape (block, channels)."""
        cdef int n = _count(block, 1 << 24, "block")
        pcm = np.zeros((n, self.bank.channels), dtype=np.float32)
        cdef float[:, ::1] view = pcm
        cdef int[::1] done = np.empty(self.bank.channels, dtype=np.intc)
        if n:
            with nogil:
                fsk_tx_process(self.bank, &view[0, 0], self.bank.channels, n, &done[0])
        return pcm
