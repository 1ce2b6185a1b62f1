"""Ports: octets in and out of n channels, and the wire, a pair of them in memory.

What: a Port is a C struct of two functions that the tick calls without the
GIL; boards make them. `Wire` joins two ports as a line does: what one end
writes the other reads one block later, octet for octet, unless a fault is set.
How: line.pyx carries, impair.pyx spoils. Faults travel to the reading end in a
ring of orders and take effect at its next block, also while it runs.
Limits: one reader and one writer an end (normally one engine). A port that an
engine has taken cannot be read or written from Python.
"""

import math

import numpy as np

from dsp_ext.event import RingFull

from libc.stdint cimport int64_t, uint8_t, uint64_t

from dsp_ext.delayline cimport line_free, line_new, line_read, line_write
from dsp_ext.line cimport (
    CLEAR,
    DELAY_MAX,
    HYBRID_MAX,
    LINE_PREFILL,
    LOSE,
    SET_ALARM,
    SET_BIT_ERRORS,
    SET_DELAY,
    SET_GAIN,
    SET_HYBRID,
    SET_LOOP,
    SET_LOSS,
    SET_NOISE,
    SLIP,
    SLIP_MAX,
    line_t,
    order_t,
)
from dsp_ext.native cimport load_acquire
from dsp_ext.ring cimport ring_put
from dsp_ext.state cimport BLOCK_MAX, BLOCK_MIN
from dsp_ext.units cimport peak_of_dbm0

CHANNELS_MAX = 4096
LAWS = ("alaw", "ulaw")


cdef int _read_end(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil:
    line_read((<end_t*> ctx).incoming, octets, stride)
    return 0


cdef int _write_end(void* ctx, uint8_t* octets, int stride, int block) noexcept nogil:
    line_write((<end_t*> ctx).outgoing, octets, stride)
    return 0


def check_shape(channels: int, block: int, law: str) -> None:
    """ValueError when an engine or a line cannot be made so."""
    if not 1 <= channels <= CHANNELS_MAX:
        raise ValueError(f"channels {channels}: 1 to {CHANNELS_MAX} are allowed")
    if not BLOCK_MIN <= block <= BLOCK_MAX:
        raise ValueError(f"block {block}: {BLOCK_MIN} to {BLOCK_MAX} samples are allowed")
    if law not in LAWS:
        raise ValueError(f"law {law!r}: alaw or ulaw is allowed")


cdef class Port:
    """One end of a line. Made by boards; handed to `Engine.attach`."""

    def __init__(self) -> None:
        raise TypeError("ports are made by what they belong to: a Wire or a board")

    def read(self) -> np.ndarray:
        """Take the next block: uint8 (channels, block), octets of the line's law."""
        self._free()
        octets = np.empty((self.channels, self.block), np.uint8)
        cdef uint8_t[:, ::1] view = octets
        self.c.read(self.c.ctx, &view[0, 0], self.block, self.block)
        return octets

    def write(self, const uint8_t[:, ::1] octets not None) -> None:
        """Send one block: uint8 (channels, block). Raises ValueError for another shape."""
        self._free()
        if octets.shape[0] != self.channels or octets.shape[1] != self.block:
            raise ValueError(f"a block of this port is {self.channels} × {self.block} octets")
        self.c.write(self.c.ctx, <uint8_t*> &octets[0, 0], self.block, self.block)

    def wait(self, timeout_s: float) -> int:
        """As port_wait in state.pxd says; -1 for a port without a clock."""
        self._free()
        cdef int64_t timeout_ns = <int64_t> (timeout_s * 1e9)
        cdef int told = -1
        if self.c.wait != NULL:
            with nogil:
                told = self.c.wait(self.c.ctx, timeout_ns)
        return told

    def pace(self, hurried: bool) -> None:
        """Tell whether the next block is read late, in a hurry, as the engine's thread does."""
        self._free()
        if self.c.pace != NULL:
            self.c.pace(self.c.ctx, hurried)

    def counters(self) -> dict[str, int]:
        """overrun_octets: sent, and not taken by the line; underrun_octets: due, and not there."""
        return self.owner.port_counters(self)

    def _free(self) -> None:
        if self.attached:
            raise RuntimeError("an engine is attached to this port; it alone reads and writes")


cdef Port _port(Wire wire, end_t* end):
    cdef Port port = Port.__new__(Port)
    port.c.ctx = end
    port.c.read, port.c.write = _read_end, _write_end
    port.c.channels = port.channels = wire.channels
    port.block, port.law = wire.block, wire.law
    port.owner = wire
    return port


def _in_range(name: str, value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ValueError(f"{name} {value}: {low} to {high} is allowed")
    return float(value)


def _impulse_response(hybrid: object) -> np.ndarray:
    taps = np.ascontiguousarray(hybrid, np.float32)
    if taps.ndim != 1 or taps.size > HYBRID_MAX or not np.isfinite(taps).all():
        raise ValueError(f"hybrid: a row of at most {HYBRID_MAX} finite numbers at 8 kHz is needed")
    return taps


def _settings(delay_ms: float | None, gain_db: float | None, noise_dbm0: float | None,
              bit_error_rate: float | None, loss_rate: float | None,
              alarm: bool | None, loop: bool | None) -> list[tuple[int, float]]:
    """What is given of `Wire.fault`, checked, as orders in the line's own units."""
    settings = []
    if delay_ms is not None:
        samples = round(_in_range("delay_ms", delay_ms, 0, DELAY_MAX / 8) * 8)
        settings.append((SET_DELAY, samples))
    if gain_db is not None:
        settings.append((SET_GAIN, 10 ** (_in_range("gain_db", gain_db, -60, 20) / 20)))
    if noise_dbm0 is not None:
        off = noise_dbm0 == 0 or noise_dbm0 < -90
        level = -99.0 if off else _in_range("noise_dbm0", noise_dbm0, -90, 3)
        settings.append((SET_NOISE, 0.0 if off else peak_of_dbm0(level) / math.sqrt(2)))
    if bit_error_rate is not None:
        settings.append((SET_BIT_ERRORS, _in_range("bit_error_rate", bit_error_rate, 0, 1)))
    if loss_rate is not None:
        settings.append((SET_LOSS, _in_range("loss_rate", loss_rate, 0, 1)))
    if alarm is not None:
        settings.append((SET_ALARM, float(alarm)))
    if loop is not None:
        settings.append((SET_LOOP, float(bool(loop))))
    return settings


cdef class Wire:
    """A line of `channels` with ends `a` and `b`, one block of latency each way.

    Faults are named by the end they lead to: `fault("b", …)` is what b receives.
    Raises ValueError for a shape or law that cannot be.
    """

    def __cinit__(self, channels: int, *, block: int = 80, law: str = "alaw",
                  seed: int = 0) -> None:
        check_shape(channels, block, law)
        cdef uint64_t random = seed & 0xFFFFFFFFFFFFFFFF
        self.channels, self.block, self.law = channels, block, law
        self.toward_a = line_new(channels, block, LAWS.index(law), 2 * random)
        self.toward_b = line_new(channels, block, LAWS.index(law), 2 * random + 1)
        if self.toward_a == NULL or self.toward_b == NULL:
            raise MemoryError(f"wire of {channels} channels")
        self.toward_a.back, self.toward_b.back = self.toward_b, self.toward_a
        self.end_a = end_t(incoming=self.toward_a, outgoing=self.toward_b)
        self.end_b = end_t(incoming=self.toward_b, outgoing=self.toward_a)
        self._held = {}

    def __init__(self, channels: int, *, block: int = 80, law: str = "alaw",
                 seed: int = 0) -> None:
        # Ports keep the wire and the wire its ports; the collector undoes the circle.
        self.a = _port(self, &self.end_a)
        self.b = _port(self, &self.end_b)

    def __dealloc__(self) -> None:
        line_free(self.toward_a)
        line_free(self.toward_b)

    cdef line_t* _line(self, str toward) except NULL:
        if toward == "a":
            return self.toward_a
        if toward == "b":
            return self.toward_b
        raise ValueError(f"toward {toward!r}: a or b is allowed")

    cdef int _order(self, str toward, int what, int channel, double value,
                    const float[::1] taps) except -1:
        cdef line_t* line = self._line(toward)
        cdef order_t order = order_t(what=what, channel=channel, value=value, ptr=NULL, n=0)
        if taps is not None and taps.shape[0]:
            order.ptr, order.n = &taps[0], taps.shape[0]
        if not ring_put(&line.orders, &order, sizeof(order)):
            raise RingFull(f"toward {toward}: too many fault orders wait for the next block")
        return 0

    def fault(self, toward: str, channel: int | None = None, *, delay_ms: float | None = None,
              gain_db: float | None = None, noise_dbm0: float | None = None,
              hybrid: object = None, bit_error_rate: float | None = None,
              loss_rate: float | None = None, alarm: bool | None = None,
              loop: bool | None = None) -> None:
        """Set faults of one channel or of all; None leaves a setting as it is.

        delay_ms : 0 to 500, to the sample; undoes earlier slips
        gain_db : -60 to 20; 0 off
        noise_dbm0 : white noise, -90 to 3; 0 off, as is anything below -90
        hybrid : impulse response at 8 kHz, up to 1024 taps; empty off. Tap k comes back
            k samples and one block after it was sent.
        bit_error_rate : 0 to 1, independent bits
        loss_rate : 0 to 1, blocks; with `channel` None the line loses all channels at once
        alarm : all ones to the receiver
        loop : the receiver gets what it sent itself, as from a loop at the far end

        Takes effect at the receiver's next block. Raises ValueError naming the setting,
        RingFull when thousands of orders wait because the receiver is not ticked.
        """
        which = -1 if channel is None else channel
        if channel is not None and not 0 <= channel < self.channels:
            raise ValueError(f"channel {channel}: 0 to {self.channels - 1} are allowed")
        settings = _settings(delay_ms, gain_db, noise_dbm0, bit_error_rate, loss_rate, alarm, loop)
        if hybrid is not None:
            self._set_hybrid(toward, which, _impulse_response(hybrid))
        for what, value in settings:
            self._order(toward, what, which, value, None)

    def _set_hybrid(self, toward: str, channel: int, taps: np.ndarray) -> None:
        self._forget(toward)
        self._order(toward, SET_HYBRID, channel, 0.0, taps)
        self._held.setdefault(toward, []).append(taps)

    def _forget(self, toward: str) -> None:
        """Let go of impulse responses no channel uses, once no order is on its way."""
        cdef line_t* line = self._line(toward)
        cdef const float[::1] view
        cdef int c
        if load_acquire(&line.orders.head) != load_acquire(&line.orders.tail):
            return
        used = {<size_t> line.faults[c].taps for c in range(line.channels)}
        self._held[toward] = [
            taps for taps in self._held.get(toward, []) if taps.ctypes.data in used
        ]

    @property
    def holding(self) -> int:
        """Impulse responses kept alive for the lines."""
        return sum(map(len, self._held.values()))

    def slip(self, toward: str, octets: int) -> None:
        """One controlled slip of all channels: +n repeats n octets, -n drops n.

        A drop takes its octets from a delay (or an earlier repeat). Where there is none the
        line falls back in step: n octets are dropped and the block's last one is held.
        """
        _in_range("octets", octets, -SLIP_MAX, SLIP_MAX)
        self._order(toward, SLIP, -1, octets, None)

    def lose(self, toward: str, blocks: int) -> None:
        """Lose the next n blocks: the receiver gets idle octets in their place."""
        self._order(toward, LOSE, -1, _in_range("blocks", blocks, 0, 1 << 40), None)

    def clear(self, toward: str | None = None) -> None:
        """No more faults toward one end, or either; slips, too, are undone."""
        for end in ("a", "b") if toward is None else (toward,):
            self._order(end, CLEAR, -1, 0.0, None)

    def counters(self) -> dict[str, dict[str, int]]:
        """By the end they lead to. lost: blocks (a whole line's, or a single channel's)."""
        return {end: self._counts(end) for end in ("a", "b")}

    def _counts(self, toward: str) -> dict[str, int]:
        cdef line_t* line = self._line(toward)
        return {
            "blocks": max(0, <long long> load_acquire(&line.reads) - LINE_PREFILL),
            "lost": line.lost,
            "slips": line.slips,
            "bit_errors": line.bit_errors,
            "lost_octets": line.lost_octets,
            "overrun_octets": line.overrun_octets,
            "underrun_octets": line.underrun_octets,
        }

    def port_counters(self, port: Port) -> dict[str, int]:
        """What the end `port` lost because the other one was not ticked in step."""
        here, there = ("a", "b") if port is self.a else ("b", "a")
        return {
            "overrun_octets": self._counts(there)["overrun_octets"],
            "underrun_octets": self._counts(here)["underrun_octets"],
        }

    def carried_octets(self, toward: str) -> int:
        """Octets that were sent toward this end and delivered there, not lost on the way."""
        count = self._counts(toward)
        return max(0, count["blocks"] * self.channels * self.block - count["lost_octets"])

    def lost_octets(self, toward: str) -> int:
        """Octets that did not arrive: lost blocks, and those an unread line had no room for."""
        count = self._counts(toward)
        return count["lost_octets"] + count["overrun_octets"]
