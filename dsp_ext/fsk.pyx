"""Caller ID receiver for many channels: Bell 202 and V.23 at 1200 bit/s, from message to message.

What: gives whole caller ID messages with a verdict on their checksum. fsk_send.pyx sends them;
callerid.py knows what the octets say.
How: two filters of a bit's length give the powers of mark and space at every sample; their
difference, weighted by how strong either has been, is read in the middle of each bit between
samples, on a clock that each octet's start bit sets and every edge pulls at. All of that is done
for 32 channels at once, or sample by sample where few are on, with the same result; finished octets
are looked at one by one. A message begins with a type that is one, after 30 bits of mark.
Limits: -45 to 0 dBm0, bit rate ±3 %, SNR from 15 dB; twist to ±6 dB (Bell 202), ±3 dB (V.23, whose
tones stand closer) at the right rate; up to 25 bits of mark between octets. No parity; J-CLIP's own
framing is not known here. Memory a channel: 348 octets.
Source: ITU-T V.23, Bell 202; GR-30 and EN 300 659-1 for framing, seizure and levels.
"""

from libc.math cimport log10
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from typing import NamedTuple

import numpy as np

from dsp_ext.fsk_modem cimport fsk_hz
from dsp_ext.units cimport LANES, SAMPLE_RATE, dbm0_of_mean_square, padded, peak_of_dbm0, zeroed
from dsp_ext import callerid
from dsp_ext.fsk_send import CallerIdSender, modem_number
from dsp_ext.units import channel_count, channel_index, pad, pcm_block

cdef extern from "fsk.h":
    enum:
        FSK_TAPS
        FSK_WIDE
        FSK_FEW
        FSK_CHUNK
        FSK_RATIO
        FSK_MARK
        FSK_GAP
        FSK_FLOATS
        FSK_OCTET
        FSK_INTS
        FSK_STOPPED
    void fsk_filter(const float* pcm, int cstride, int n, float* history, int history_row,
                    const float* tap, float* mark, float* space) noexcept nogil
    void fsk_filter_one(const float* pcm, int cstride, int n, float* history, int history_row,
                        const float* tap, float* mark, float* space) noexcept nogil
    void fsk_octets(const float* mark, const float* space, int n, float least, float* f,
                    int32_t* w) noexcept nogil
    void fsk_octets_one(const float* mark, const float* space, int n, float least, float* f,
                        int32_t* w) noexcept nogil
    void fsk_taps(double mark, double space, float* tap) noexcept nogil
    bint fsk_whole(const uint8_t* octets, int length) noexcept nogil

cdef enum:
    MARK_BEFORE = 200  # samples, 30 bits: before a message's first octet
    MARK_WITHIN = 167  # samples, 25 bits: between octets, ones at an octet's end included
    OCTET_WITHIN = 320  # samples: after so long without an octet a message is broken off
    WORTH_TELLING = 4  # octets of a message that was broken off

cdef double _FILTER = 20.0 / 3  # sum of the filter's weights: a bit's samples
cdef float _LEAST = (peak_of_dbm0(-50.0) * _FILTER / 2) ** 2 / 2  # both tones' powers, in an edge
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
    fsk_taps(fsk_hz(modem, 1) / SAMPLE_RATE, fsk_hz(modem, 0) / SAMPLE_RATE, bank.tap)
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
    cdef double mark = _floats(bank, channel)[FSK_MARK * FSK_WIDE] * 2 / _FILTER**2
    if good or m.length >= WORTH_TELLING:
        if to.told >= to.most:
            bank.dropped += 1
        else:
            event.channel, event.good, event.at, event.length = channel, good, at, m.length
            event.twist_db = <float>(10 * log10(ratio))
            event.level_dbm0 = <float>dbm0_of_mean_square(mark * max(ratio, 1.0))
            memcpy(event.octets, m.octets, m.length)
            to.told += 1
    m.length = 0


cdef void _take(fsk_rx_bank* bank, int channel, int32_t octet, int64_t at,
                yield_to* to) noexcept nogil:
    """An octet has come: goes on with the channel's message, or begins one."""
    cdef message* m = <message*>bank.messages + channel
    cdef float gap = _floats(bank, channel)[FSK_GAP * FSK_WIDE]
    cdef bint stopped = octet & FSK_STOPPED
    cdef uint8_t value = octet >> 2 & 0xFF
    if m.length and (not stopped or gap > MARK_WITHIN):
        _tell(bank, channel, m, at, False, to)
    if not stopped or (m.length == 0 and (gap < MARK_BEFORE or not _IS_TYPE[value])):
        return
    m.octets[m.length] = value
    m.length += 1
    m.last = at
    if m.length >= 3 and m.length == m.octets[1] + 3:
        _tell(bank, channel, m, at, fsk_whole(m.octets, m.length), to)


cdef void _hear(fsk_rx_bank* bank, int first, const float* pcm, int cstride, int n, float* mark,
                float* space) noexcept nogil:
    """The tones' powers on FSK_WIDE channels, 0 for tiles where none is on."""
    cdef int tile, at, i
    for tile in range(<int>FSK_WIDE // <int>LANES):
        at = first + tile * LANES
        if at < bank.cstride and bank.tile_on[at // LANES]:
            fsk_filter(pcm + at, cstride, n, bank.history + at, bank.cstride, bank.tap,
                       mark + tile * LANES, space + tile * LANES)
            continue
        for i in range(n):
            memset(mark + i * FSK_WIDE + tile * LANES, 0, LANES * sizeof(float))
            memset(space + i * FSK_WIDE + tile * LANES, 0, LANES * sizeof(float))


cdef int _on(const fsk_rx_bank* bank, int first) noexcept nogil:
    """How many of FSK_WIDE channels are on."""
    cdef int on = 0
    cdef int tile
    for tile in range(first // LANES, min(first + <int>FSK_WIDE, bank.cstride) // LANES):
        on += bank.tile_on[tile]
    return on


cdef void _group(fsk_rx_bank* bank, int first, const float* pcm, int cstride, int n, int64_t at,
                 yield_to* to) noexcept nogil:
    """The FSK_WIDE channels from `first` on."""
    cdef int32_t* octets = _ints(bank, first) + FSK_OCTET * FSK_WIDE
    cdef float[1536] mark
    cdef float[1536] space
    cdef message* m
    cdef int channel
    cdef int on = _on(bank, first)
    if on == 0:
        return
    if on > FSK_FEW:
        _hear(bank, first, pcm, cstride, n, mark, space)
        fsk_octets(mark, space, n, _LEAST, _floats(bank, first), _ints(bank, first))
    for channel in range(first, min(first + <int>FSK_WIDE, bank.channels)):
        m = <message*>bank.messages + channel
        if not bank.enabled[channel]:
            continue
        if on <= FSK_FEW:
            fsk_filter_one(pcm + channel, cstride, n, bank.history + channel, bank.cstride,
                           bank.tap, mark, space)
            fsk_octets_one(mark, space, n, _LEAST, _floats(bank, channel), _ints(bank, channel))
        if octets[channel - first]:
            _take(bank, channel, octets[channel - first], at, to)
        elif m.length and at - m.last > OCTET_WITHIN:
            _tell(bank, channel, m, at, False, to)


cdef int _process(fsk_rx_bank* bank, const float* pcm, int cstride, int block, fsk_event* out,
                  int max_events) noexcept nogil:
    """With rows of any length, as long as no group has more than FSK_FEW channels on."""
    cdef yield_to to
    cdef int done = 0
    cdef int n, group
    to.events, to.told, to.most = out, 0, max_events
    while done < block:
        n = min(<int>FSK_CHUNK, block - done)
        for group in range((bank.cstride + <int>FSK_WIDE - 1) // <int>FSK_WIDE):
            _group(bank, group * FSK_WIDE, pcm + <Py_ssize_t>done * cstride, cstride, n,
                   bank.now + done + n, &to)
        done += n
    bank.now += block
    return to.told


cdef int fsk_rx_process(fsk_rx_bank* bank, const float* pcm, int block, fsk_event* out,
                        int max_events) noexcept nogil:
    return _process(bank, pcm, bank.cstride, block, out, max_events)


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
        self.bank = fsk_rx_new(channel_count(channels), modem_number(modem))
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
        block_pcm = pcm_block(pcm, self.bank.channels)
        if self.bank.channels > FSK_FEW and self.bank.channels != self.bank.cstride:
            block_pcm = pad(block_pcm)
        cdef const float[:, ::1] view = block_pcm
        cdef int length = block_pcm.shape[0]
        cdef int row = block_pcm.shape[1]
        cdef int done = 0
        cdef int n, count, i
        cdef int most = self.bank.channels
        cdef uint8_t[::1] room = np.empty(most * sizeof(fsk_event), dtype=np.uint8)
        found = []
        cdef fsk_event* out = <fsk_event*>&room[0]
        while done < length:
            n = min(3 * <int>FSK_CHUNK, length - done)
            with nogil:
                count = _process(self.bank, &view[done, 0], row, n, out, most)
            done += n
            for i in range(count):
                found.append(_message(&out[i]))
        return found


cdef _message(const fsk_event* event):
    octets = event.octets[: event.length]
    at_ms = event.at * 1000 / <double>SAMPLE_RATE
    return Message(event.channel, octets, bool(event.good), at_ms, event.level_dbm0, event.twist_db)


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
