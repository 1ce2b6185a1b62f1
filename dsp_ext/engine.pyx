"""The engine as the control plane sees it: commands down, events up, ticks in between.

What: `Engine` owns all channels of a machine (or a test). Its methods put POD
commands into a ring; the tick applies them at a block's start and answers each
with an ACK event that bears the number the method gave back.
How: what a command points to (samples, rings, tone programs) is kept alive here
until the tick has said that it let go: `drain()` drops it then, and only then.
Limits: commands and drain() belong to one control thread; one ticker at a time:
`tick()`, `run_blocks()` or an `EngineThread`.
"""

from collections.abc import Sequence

import numpy as np

from dsp_ext.event import (
    ACK,
    DIGIT_END,
    DIGIT_START,
    MISSED,
    PLAY_DONE,
    TAP_OVERRUN,
    TONE_DONE,
    Event,
    EventKind,
    RingFull,
)
from dsp_ext.port import LAWS, check_shape
from dsp_ext.thread import EngineThread

from libc.stdint cimport int16_t, int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from dsp_ext.level cimport level_dbm0
from dsp_ext.messages cimport (
    CMD_DETECT,
    CMD_FEED,
    CMD_JOIN,
    CMD_LEAVE,
    CMD_PLAY,
    CMD_RESET,
    CMD_STOP,
    CMD_STOP_TONE,
    CMD_TAP,
    CMD_TONE,
    CMD_UNFEED,
    CMD_UNTAP,
    command_t,
    event_t,
    outbox_drained,
)
from dsp_ext.port cimport Port
from dsp_ext.ring cimport Ring, ring_put, ring_read
from dsp_ext.state cimport STAGES, EngineState, engine_new, engine_t
from dsp_ext.tick cimport engine_tick
from dsp_ext.tone cimport Program

_MODES = {"both": 0, "rx": 1, "tx": 2}
_STAGE_NAMES = ("commands", "read", "decode", "level", "dtmf", "mix", "tone", "play", "encode",
                "tap", "write")


cdef class Engine(EngineState):
    """`channels` of one law, ticked `block` samples at a time.

    taps : how many taps at once (default four a channel)
    events, commands : capacity of the rings, rounded up to powers of two

    Raises ValueError for what cannot be, MemoryError. All command methods raise ValueError
    for a channel or an argument out of range and RingFull when the command ring is full.
    """

    cdef int64_t _seq
    cdef int64_t _commands_refused
    cdef dict _held  # seq -> what the tick may read until it lets go
    cdef dict _frees  # seq -> seqs whose things are let go when this one is acknowledged
    cdef dict _taps  # (channel, ring's id) -> seq
    cdef dict _feeds  # channel -> seq
    cdef list _attached

    def __init__(self, channels: int, *, block: int = 80, law: str = "alaw",
                 taps: int | None = None, events: int = 4096, commands: int = 4096) -> None:
        check_shape(channels, block, law)
        most = 4 * channels if taps is None else taps
        for name, value, least in (("taps", most, 0), ("events", events, 8),
                                   ("commands", commands, 1)):
            if not least <= value <= 1 << 20:
                raise ValueError(f"{name} {value}: {least} to {1 << 20} is allowed")
        if self.e != NULL:
            raise RuntimeError("an engine is made once")
        self.e = engine_new(channels, block, LAWS.index(law), most, events, commands)
        if self.e == NULL:
            raise MemoryError(f"engine of {channels} channels")
        self._held, self._frees, self._taps, self._feeds = {}, {}, {}, {}
        self._attached = []

    def attach(self, first: int, port: Port) -> None:
        """Channels from `first` on are that port's. Before the first tick, once a port.

        Raises ValueError when they do not fit, overlap, or differ in block or law;
        RuntimeError after the first tick.
        """
        if self.e.ticks or self.ticked_by:
            raise RuntimeError("ports are attached before the first tick")
        if port.attached:
            raise ValueError("this port is attached already")
        if (port.block, port.law) != (self.block, self.law):
            raise ValueError(f"port: block {port.block}, {port.law}; "
                             f"engine: block {self.block}, {self.law}")
        last = first + port.channels
        if first < 0 or last > self.e.channels:
            raise ValueError(f"channels {first} to {last - 1}: the engine has {self.e.channels}")
        for i in range(self.e.port_count):
            other = self.e.ports[i].first
            if first < other + self.e.ports[i].port.channels and other < last:
                raise ValueError(f"channels {first} to {last - 1}: some have a port already")
        self.e.ports[self.e.port_count].first = first
        self.e.ports[self.e.port_count].port = port.c
        self.e.port_count += 1
        port.attached = True
        self._attached.append(port)

    # ---- commands

    cdef int64_t _send(self, command_t* command, int kind, int channel) except -1:
        if not 0 <= channel < self.e.channels:
            raise ValueError(f"channel {channel}: 0 to {self.e.channels - 1} are allowed")
        command.kind, command.channel, command.seq = kind, channel, self._seq + 1
        if not ring_put(&self.e.commands, command, sizeof(command_t)):
            self._commands_refused += 1
            raise RingFull(f"{(self.e.commands.mask + 1) // sizeof(command_t)} commands wait")
        self._seq += 1
        return self._seq

    cdef int64_t _plain(self, int kind, int channel) except -1:
        cdef command_t command
        memset(&command, 0, sizeof(command))
        return self._send(&command, kind, channel)

    def play(self, channel: int, const int16_t[::1] samples not None, *, loop: bool = False,
             gain: float = 1.0, token: int = 0) -> int:
        """Play int16 samples (n,) into the channel, over and over with `loop`.

        They are read where they are: do not change them before PLAY_DONE. What played
        before ends with PLAY_DONE, b=1.
        """
        cdef command_t command
        memset(&command, 0, sizeof(command))
        if samples.shape[0]:
            command.ptr = <void*> &samples[0]
        command.n, command.token = samples.shape[0], token
        command.x, command.a = _gain("gain", gain), loop
        seq = self._send(&command, CMD_PLAY, channel)
        self._held[seq] = samples
        return seq

    def stop(self, channel: int) -> int:
        """End the channel's player: PLAY_DONE with b=1 when something played."""
        return self._plain(CMD_STOP, channel)

    def tone(self, channel: int, program: Program, *, token: int = 0) -> int:
        """Sound a tone program; it replaces the one before, which is not told as done."""
        cdef command_t command
        memset(&command, 0, sizeof(command))
        command.ptr, command.token = &program.raw, token
        seq = self._send(&command, CMD_TONE, channel)
        self._held[seq] = program
        self._frees[seq] = [seq]
        return seq

    def stop_tone(self, channel: int) -> int:
        return self._plain(CMD_STOP_TONE, channel)

    def join(self, channel: int, bridge: int, *, talk: float = 1.0, listen: float = 1.0) -> int:
        """Put the channel into a bridge (0 to channels - 1); it leaves the one it was in.

        talk, listen : gains; 0 is muted or deaf
        """
        cdef command_t command
        memset(&command, 0, sizeof(command))
        if not 0 <= bridge < self.e.channels:
            raise ValueError(f"bridge {bridge}: 0 to {self.e.channels - 1} are allowed")
        command.a = bridge
        command.x, command.y = _gain("talk", talk), _gain("listen", listen)
        return self._send(&command, CMD_JOIN, channel)

    def leave(self, channel: int) -> int:
        return self._plain(CMD_LEAVE, channel)

    def tap(self, channel: int, ring: Ring, *, mode: str = "both") -> int:
        """Copy octets as on the line into `ring`: received, sent, or both, interleaved rx, tx.

        A block that does not fit is left out whole and counted in `ring.dropped`; the first
        one posts TAP_OVERRUN. Tapping with the same ring again changes the mode.
        Raises ValueError when all taps are taken.
        """
        cdef command_t command
        memset(&command, 0, sizeof(command))
        if mode not in _MODES:
            raise ValueError(f"mode {mode!r}: both, rx or tx is allowed")
        key = (channel, id(ring))
        if key not in self._taps and len(self._taps) >= self.e.max_taps:
            raise ValueError(f"all {self.e.max_taps} taps are taken")
        command.ptr, command.a = &ring.c, _MODES[mode]
        seq = self._send(&command, CMD_TAP, channel)
        self._hold(self._taps, key, seq, ring)
        return seq

    def untap(self, channel: int, ring: Ring) -> int:
        """No more octets into `ring` from the ACK on; harmless when it does not tap."""
        cdef command_t command
        memset(&command, 0, sizeof(command))
        command.ptr = &ring.c
        seq = self._send(&command, CMD_UNTAP, channel)
        # Until the ACK the tick may still look at the ring's address.
        self._held[seq] = ring
        self._frees[seq] = [seq]
        self._let_go(self._taps, (channel, id(ring)), seq)
        return seq

    def feed(self, channel: int, ring: Ring) -> int:
        """Add int16 samples (native order) from `ring` to what is sent; silence when empty."""
        cdef command_t command
        memset(&command, 0, sizeof(command))
        command.ptr = &ring.c
        seq = self._send(&command, CMD_FEED, channel)
        self._hold(self._feeds, channel, seq, ring)
        return seq

    def unfeed(self, channel: int) -> int:
        seq = self._plain(CMD_UNFEED, channel)
        self._let_go(self._feeds, channel, seq)
        return seq

    def detect(self, channel: int, on: bool) -> int:
        """DTMF events of what the channel receives, from the next block on."""
        cdef command_t command
        memset(&command, 0, sizeof(command))
        command.a = on
        return self._send(&command, CMD_DETECT, channel)

    def reset(self, channel: int) -> int:
        """Everything off: player, tone, feed, taps, bridge, detection."""
        seq = self._plain(CMD_RESET, channel)
        self._let_go(self._feeds, channel, seq)
        for key in [key for key in self._taps if key[0] == channel]:
            self._let_go(self._taps, key, seq)
        return seq

    def _hold(self, table: dict, key: object, seq: int, thing: object) -> None:
        """Keep `thing` until what replaces or ends it is acknowledged."""
        self._let_go(table, key, seq)
        self._held[seq] = thing
        table[key] = seq

    def _let_go(self, table: dict, key: object, seq: int) -> None:
        before = table.pop(key, None)
        if before is not None:
            self._frees.setdefault(seq, []).append(before)

    # ---- events

    @property
    def eventfd(self) -> int:
        """Readable when events wait; for a loop's add_reader."""
        return self.e.out.fd

    def drain(self) -> list[Event]:
        """All events that wait, oldest first; what the tick let go of is let go of here."""
        cdef event_t event
        outbox_drained(&self.e.out)
        events = []
        while ring_read(&self.e.out.ring, &event, sizeof(event)):
            if event.ref:
                for seq in self._frees.pop(event.ref, ()) if event.kind == ACK else (event.ref,):
                    self._held.pop(seq, None)
            events.append(Event(event.kind, event.channel, event.at, event.a, event.b, event.x,
                                event.y))
        return events

    # ---- reading

    def levels(self) -> np.ndarray:
        """float32 (channels,): dBm0 of what is received, smoothed; -99 is silence."""
        cdef int c
        levels = np.empty(self.e.channels, np.float32)
        cdef float[::1] view = levels
        for c in range(self.e.channels):
            view[c] = level_dbm0(self.e.level, c)
        return levels

    def counters(self) -> dict[str, object]:
        """Counts since the start; `kernel_ns`: mean ns a tick by part while `timing` is on."""
        cdef engine_t* e = self.e
        ticks = max(1, e.ticks)
        lines = [port.counters() for port in self._attached]
        return {
            "ticks": e.ticks,
            "missed_ticks": e.missed_ticks,
            "late_max_us": e.late_max_ns * 1e-3,
            "event_ring_full": e.out.full,
            "command_ring_full": self._commands_refused,
            "digits_dropped": e.dtmf.dropped,
            "tap_dropped_octets": e.tap_dropped,
            "line_overrun_octets": sum(line["overrun_octets"] for line in lines),
            "line_underrun_octets": sum(line["underrun_octets"] for line in lines),
            "port_errors": e.port_errors,
            "tick_us_mean": e.tick_ns * 1e-3 / ticks,
            "tick_us_max": e.tick_max_ns * 1e-3,
            "kernel_ns": self._kernel_ns(),
        }

    def _kernel_ns(self) -> dict[str, float]:
        cdef engine_t* e = self.e
        if e.timed_ticks == 0:
            return {}
        return {_STAGE_NAMES[i]: e.stage_ns[i] * 1.0 / e.timed_ticks for i in range(STAGES)}

    @property
    def channels(self) -> int:
        return self.e.channels

    @property
    def block(self) -> int:
        return self.e.block

    @property
    def law(self) -> str:
        return LAWS[self.e.law]

    @property
    def samples(self) -> int:
        """Media time: samples since the first tick."""
        return self.e.samples

    @property
    def holding(self) -> int:
        """Things kept alive for the tick: samples, rings, tone programs."""
        return len(self._held)

    @property
    def timing(self) -> bool:
        """Measure the parts of the tick (`counters()["kernel_ns"]`); switching on starts anew."""
        return self.e.timing

    @timing.setter
    def timing(self, on: bool) -> None:
        if on and not self.e.timing:
            self.e.timed_ticks = 0
            memset(self.e.stage_ns, 0, sizeof(self.e.stage_ns))
        self.e.timing = on

    def tick(self) -> None:
        """One block. Raises RuntimeError while another ticks this engine."""
        self.claim("tick()")
        try:
            with nogil:
                engine_tick(self.e)
        finally:
            self.let_go()


def _gain(name: str, value: float) -> float:
    if not -64 <= value <= 64:
        raise ValueError(f"{name} {value}: a factor of -64 to 64 is allowed")
    return value


cdef long long _run_blocks(engine_t** engines, int count, long long blocks) noexcept nogil:
    cdef long long done = 0
    cdef int i
    cdef bint posted = False
    while done < blocks and not posted:
        for i in range(count):
            engine_tick(engines[i])
            posted |= engines[i].out.posted
        done += 1
    return done


def run_blocks(engines: Sequence[Engine], blocks: int) -> int:
    """Virtual clock: tick all engines in order, block by block, without the GIL.

    Stops after the block in which any engine posted an event -> blocks done.
    Raises ValueError for no engines, RuntimeError while another ticks one of them.
    """
    cdef EngineState engine
    cdef engine_t** list_of = <engine_t**> malloc(max(1, len(engines)) * sizeof(engine_t*))
    cdef int count = 0
    cdef long long done
    cdef long long wanted = blocks
    claimed = []
    try:
        if list_of == NULL or not engines:
            raise ValueError("at least one engine is needed")
        for engine in engines:
            engine.claim("run_blocks")
            claimed.append(engine)
            list_of[count] = engine.e
            count += 1
        with nogil:
            done = _run_blocks(list_of, count, wanted)
    finally:
        for engine in claimed:
            engine.let_go()
        free(list_of)
    return done
