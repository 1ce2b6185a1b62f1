"""Caller ID modem for many channels: Bell 202 and V.23 at 1200 bit/s, from message to message.

What: the receiver gives whole caller ID messages with a verdict on their checksum; the sender makes
channel seizure, mark and a message's octets of them. callerid.py knows what the octets say.
How: two filters of a bit's length give the amplitudes of mark and space at every sample; their
difference, weighted by how loud either has been, is read in the middle of each bit between samples,
on a clock that each octet's start bit sets and every edge pulls at. All of that is the same for 32
channels at once; only finished octets are looked at one by one. A message begins with a type that
is one, after 30 bits of mark.
Limits: -45 to 0 dBm0, bit rate ±3 %, SNR from 15 dB; twist to ±6 dB (Bell 202), ±3 dB (V.23, whose
tones stand closer) at the right rate; up to 25 bits of mark between octets. No parity; J-CLIP's own
framing is not known here.
Source: ITU-T V.23, Bell 202; GR-30 and EN 300 659-1 for framing, seizure and levels.
"""

from libc.math cimport log10
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from typing import NamedTuple

import numpy as np

from dsp_ext.units cimport LANES, SAMPLE_RATE, dbm0_of_mean_square, padded, peak_of_dbm0, zeroed
from dsp_ext import callerid
from dsp_ext.units import FULL_SCALE_DBM0, channel_count, channel_index, pad, pcm_block

cdef extern from "fsk.h":
    enum:
        FSK_TAPS
        FSK_WIDE
        FSK_CHUNK
        FSK_RATIO
        FSK_MARK
        FSK_GAP
        FSK_FLOATS
        FSK_OCTET
        FSK_INTS
        FSK_STOPPED
    void fsk_filter(const float* pcm, int cstride, int n, float* history, const float* tap,
                    float* mark, float* space) noexcept nogil
    void fsk_octets(const float* mark, const float* space, int n, float least, float* f,
                    int32_t* w) noexcept nogil
    void fsk_taps(double mark, double space, float* tap) noexcept nogil
    bint fsk_whole(const uint8_t* octets, int length) noexcept nogil
    int fsk_bit(const uint8_t* octets, int length, int seizure, int mark, int stop, int tail,
                int at) noexcept nogil
    float tone_sine(uint32_t turn) noexcept nogil

cdef enum:
    MARK_BEFORE = 200  # samples, 30 bits: before a message's first octet
    MARK_WITHIN = 167  # samples, 25 bits: between octets, ones at an octet's end included
    OCTET_WITHIN = 320  # samples: after so long without an octet a message is broken off
    WORTH_TELLING = 4  # octets of a message that was broken off

MODEMS = {"bell202": FSK_BELL202, "v23": FSK_V23}

cdef double[2][2] _HZ  # by modem: space, mark
_HZ[0][:] = [2200, 1200]
_HZ[1][:] = [2100, 1300]
cdef double _TURN = 4294967296.0 / SAMPLE_RATE  # a phase's advance a sample, for each Hz
cdef double _FILTER = 20.0 / 3  # sum of the filter's weights: a bit's samples
cdef float _LEAST = peak_of_dbm0(-50.0) * _FILTER / 2  # both tones' amplitudes together
cdef bint[256] _IS_TYPE
for _type in callerid.TYPES:
    _IS_TYPE[<int>_type] = True


cdef struct message:
    int length  # octets so far; 0: none has begun
    int64_t last  # bank time of the last one
    uint8_t[258] octets


cdef fsk_rx_bank* fsk_rx_new(int channels, int modem) noexcept nogil:
    cdef fsk_rx_bank* bank = <fsk_rx_bank*>calloc(1, sizeof(fsk_rx_bank))
    cdef size_t row
    if bank == NULL:
        return NULL
    bank.channels = channels
    bank.cstride = padded(channels)
    fsk_taps(_HZ[modem][1] / SAMPLE_RATE, _HZ[modem][0] / SAMPLE_RATE, bank.tap)
    row = sizeof(float) * <size_t>bank.cstride
    bank.history = <float*>zeroed((FSK_TAPS - 1) * row)
    bank.floats = <float*>zeroed(FSK_FLOATS * (row + FSK_WIDE * sizeof(float)))
    bank.ints = <int32_t*>zeroed(FSK_INTS * (row + FSK_WIDE * sizeof(float)))
    bank.enabled = <uint8_t*>zeroed(row)
    bank.tile_on = <uint8_t*>zeroed(row)
    bank.messages = zeroed(<size_t>channels * sizeof(message))
    if (bank.history == NULL or bank.floats == NULL or bank.ints == NULL
            or bank.enabled == NULL or bank.tile_on == NULL or bank.messages == NULL):
        fsk_rx_free(bank)
        return NULL
    return bank


cdef void fsk_rx_free(fsk_rx_bank* bank) noexcept nogil:
    if bank == NULL:
        return
    free(bank.history)
    free(bank.floats)
    free(bank.ints)
    free(bank.enabled)
    free(bank.tile_on)
    free(bank.messages)
    free(bank)


cdef inline float* _floats(const fsk_rx_bank* bank, int channel) noexcept nogil:
    """The channel's place in the first row of its group's state."""
    return bank.floats + channel // FSK_WIDE * FSK_FLOATS * FSK_WIDE + channel % FSK_WIDE


cdef inline int32_t* _ints(const fsk_rx_bank* bank, int channel) noexcept nogil:
    return bank.ints + channel // FSK_WIDE * FSK_INTS * FSK_WIDE + channel % FSK_WIDE


cdef void fsk_rx_reset(fsk_rx_bank* bank, int channel) noexcept nogil:
    cdef int row
    for row in range(FSK_TAPS - 1):
        bank.history[row * bank.cstride + channel] = 0.0
    for row in range(FSK_FLOATS):
        _floats(bank, channel)[row * FSK_WIDE] = 1.0 if row == FSK_RATIO else 0.0
    for row in range(FSK_INTS):
        _ints(bank, channel)[row * FSK_WIDE] = 0
    (<message*>bank.messages + channel).length = 0


cdef void fsk_rx_enable(fsk_rx_bank* bank, int channel, bint on) noexcept nogil:
    if bank.enabled[channel] == (1 if on else 0):
        return
    fsk_rx_reset(bank, channel)
    bank.enabled[channel] = 1 if on else 0
    bank.tile_on[channel // LANES] += 1 if on else -1


cdef struct yield_to:
    fsk_event* events
    int told, most


cdef void _tell(fsk_rx_bank* bank, int channel, message* m, int64_t at, bint good,
                yield_to* to) noexcept nogil:
    cdef fsk_event* event = to.events + to.told
    cdef double ratio = _floats(bank, channel)[FSK_RATIO * FSK_WIDE]
    cdef double peak = _floats(bank, channel)[FSK_MARK * FSK_WIDE] * 2 / _FILTER
    if good or m.length >= WORTH_TELLING:
        if to.told >= to.most:
            bank.dropped += 1
        else:
            event.channel, event.good, event.at, event.length = channel, good, at, m.length
            event.twist_db = <float>(20 * log10(ratio))
            event.level_dbm0 = <float>dbm0_of_mean_square((peak * max(ratio, 1.0)) ** 2 / 2)
            memcpy(event.octets, m.octets, m.length)
            to.told += 1
    m.length = 0


cdef void _take(fsk_rx_bank* bank, int channel, int32_t octet, int64_t at,
                yield_to* to) noexcept nogil:
    """An octet has come: goes on with the channel's message, or begins one."""
    cdef message* m = <message*>bank.messages + channel
    cdef float gap = _floats(bank, channel)[FSK_GAP * FSK_WIDE]
    cdef bint stopped = octet & FSK_STOPPED
    if m.length and (not stopped or gap > MARK_WITHIN):
        _tell(bank, channel, m, at, False, to)
    if not stopped or (m.length == 0 and (gap < MARK_BEFORE or not _IS_TYPE[octet & 0xFF])):
        return
    m.octets[m.length] = octet & 0xFF
    m.length += 1
    m.last = at
    if m.length >= 3 and m.length == m.octets[1] + 3:
        _tell(bank, channel, m, at, fsk_whole(m.octets, m.length), to)


cdef bint _hear(fsk_rx_bank* bank, int first, const float* pcm, int n, float* mark,
                float* space) noexcept nogil:
    """The tones' amplitudes on FSK_WIDE channels, 0 for tiles where none is on; False: all such."""
    cdef bint any_on = False
    cdef int tile, at, i
    for tile in range(<int>FSK_WIDE // <int>LANES):
        at = first + tile * LANES
        if at < bank.cstride and bank.tile_on[at // LANES]:
            any_on = True
            fsk_filter(pcm + at, bank.cstride, n, bank.history + at, bank.tap,
                       mark + tile * LANES, space + tile * LANES)
            continue
        for i in range(n):
            memset(mark + i * FSK_WIDE + tile * LANES, 0, LANES * sizeof(float))
            memset(space + i * FSK_WIDE + tile * LANES, 0, LANES * sizeof(float))
    return any_on


cdef void _group(fsk_rx_bank* bank, int first, const float* pcm, int n, int64_t at,
                 yield_to* to) noexcept nogil:
    """The FSK_WIDE channels from `first` on."""
    cdef int32_t* octets = _ints(bank, first) + FSK_OCTET * FSK_WIDE
    cdef float[1536] mark
    cdef float[1536] space
    cdef message* m
    cdef int channel
    if not _hear(bank, first, pcm, n, mark, space):
        return
    fsk_octets(mark, space, n, _LEAST, _floats(bank, first), _ints(bank, first))
    for channel in range(first, min(first + <int>FSK_WIDE, bank.channels)):
        m = <message*>bank.messages + channel
        if not bank.enabled[channel]:
            continue
        if octets[channel - first]:
            _take(bank, channel, octets[channel - first], at, to)
        elif m.length and at - m.last > OCTET_WITHIN:
            _tell(bank, channel, m, at, False, to)


cdef int fsk_rx_process(fsk_rx_bank* bank, const float* pcm, int block, fsk_event* out,
                        int max_events) noexcept nogil:
    cdef yield_to to
    cdef int done = 0
    cdef int n, group
    to.events, to.told, to.most = out, 0, max_events
    while done < block:
        n = min(<int>FSK_CHUNK, block - done)
        for group in range((bank.cstride + <int>FSK_WIDE - 1) // <int>FSK_WIDE):
            _group(bank, group * FSK_WIDE, pcm + <Py_ssize_t>done * bank.cstride, n,
                   bank.now + done + n, &to)
        done += n
    bank.now += block
    return to.told


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
    bank.step[0] = <uint32_t>(_HZ[modem][0] * _TURN + 0.5)
    bank.step[1] = <uint32_t>(_HZ[modem][1] * _TURN + 0.5)
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


cdef int _modem(modem) except -1:
    if modem not in MODEMS:
        raise ValueError(f"modem must be one of {', '.join(MODEMS)}, not {modem!r}")
    return MODEMS[modem]


class Message(NamedTuple):
    """A caller ID message that was heard.

    octets : from type to checksum, or what came before it was broken off
    good : whether it is whole and its checksum right
    end_ms : since the receiver's beginning
    level_dbm0 : of the louder tone
    twist_db : positive when space, the higher tone, is the stronger one
    """

    channel: int
    octets: bytes
    good: bool
    end_ms: float
    level_dbm0: float
    twist_db: float

    @property
    def caller(self):
        """What it says, as callerid.CallerId. Raises callerid.CallerIdError when it is not good."""
        return callerid.decode(self.octets)


cdef class CallerIdReceiver:
    """Receiver of `channels` channels, all listening.

    channels : int, 1 to 65536
    modem : "bell202" (China, America) or "v23" (Europe)
    """

    cdef fsk_rx_bank* bank
    block = 80  # samples: a block length that suits; any other is taken as well

    def __cinit__(self, channels, modem="bell202"):
        cdef int channel
        self.bank = fsk_rx_new(channel_count(channels), _modem(modem))
        if self.bank == NULL:
            raise MemoryError("no memory for the caller ID receiver")
        for channel in range(self.bank.channels):
            fsk_rx_enable(self.bank, channel, True)

    def __dealloc__(self):
        fsk_rx_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def enable(self, channel, on=True):
        """Listen on `channel` or not; begins afresh. Raises TypeError, IndexError."""
        fsk_rx_enable(self.bank, channel_index(channel, self.bank.channels), bool(on))

    def reset(self, channel):
        """Forget what `channel` had. Raises TypeError, IndexError."""
        fsk_rx_reset(self.bank, channel_index(channel, self.bank.channels))

    def process(self, pcm):
        """Take one block; gives the messages that ended in it, as a list of Message.

        pcm : float32 ndarray of shape (block, channels), linear ±32768, any block length
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        checked = pcm_block(pcm, self.bank.channels)
        block_pcm = checked if self.bank.channels == self.bank.cstride else pad(checked)
        cdef const float[:, ::1] view = block_pcm
        cdef int length = block_pcm.shape[0]
        cdef int done = 0
        cdef int n, count, i
        cdef int most = self.bank.channels
        cdef uint8_t[::1] room = np.empty(most * sizeof(fsk_event), dtype=np.uint8)
        found = []
        cdef fsk_event* out = <fsk_event*>&room[0]
        while done < length:
            n = min(3 * <int>FSK_CHUNK, length - done)
            with nogil:
                count = fsk_rx_process(self.bank, &view[done, 0], n, out, most)
            done += n
            for i in range(count):
                found.append(_message(&out[i]))
        return found


cdef _message(const fsk_event* event):
    octets = event.octets[: event.length]
    at_ms = event.at * 1000 / <double>SAMPLE_RATE
    return Message(event.channel, octets, bool(event.good), at_ms, event.level_dbm0, event.twist_db)


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
        self.bank = fsk_tx_new(channel_count(channels), _modem(modem))
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


def receive(samples, modem="bell202"):
    """The messages in a recording, as a list of Message.

    samples : 1-D array of numbers, linear ±32768, 8000 Hz
    Raises ValueError for another shape, NaN, infinity or another modem.
    """
    values = np.asarray(samples, dtype=np.float32)
    if values.ndim != 1:
        raise ValueError(f"samples must have one dimension, not {values.ndim}")
    pcm = np.pad(values, (0, SAMPLE_RATE // 10))[:, np.newaxis]  # lets the last message end
    return CallerIdReceiver(1, modem).process(pcm)
