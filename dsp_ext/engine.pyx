"""The engine as the control plane sees it: commands down, events up, ticks in between.

What: `Engine` owns all channels of a machine (or a test). Its methods put POD
commands into a ring; the tick applies them at a block's start and answers each
with an ACK event that bears the number the method gave back.
How: what a command points to (samples, rings, tone programs) is kept alive here
until the tick has said that it let go: `drain()` drops it then, and only then.
Limits: commands and drain() belong to one control thread; one ticker at a time:
`tick()`, `run_blocks()` or an `EngineThread`.
"""

from dsp_ext.event import ACK, Event, RingFull
from dsp_ext.lockstep import run_blocks
from dsp_ext.progress_plan import BusyTone, known_how
from dsp_ext.thread import EngineThread

from libc.stdint cimport int16_t, int64_t
from libc.string cimport memset

from dsp_ext.fsk_modem cimport FSK_LONGEST
from dsp_ext.messages cimport (
    CMD_DETECT,
    CMD_ECHO,
    CMD_FEED,
    CMD_JOIN,
    CMD_KEEP,
    CMD_LEAVE,
    CMD_LISTEN,
    CMD_LOUDEST,
    CMD_PLAY,
    CMD_RESET,
    CMD_STOP,
    CMD_STOP_TONE,
    CMD_TAP,
    CMD_TONE,
    CMD_UNFEED,
    CMD_UNTAP,
    CMD_WHISPER,
    EV_CALLER_ID,
    command_t,
    event_t,
    outbox_drained,
)
from dsp_ext.mix_seat cimport MIX_MOST_LOUDEST
from dsp_ext.outfit cimport EngineOutfit
from dsp_ext.ring cimport Ring, ring_put, ring_read
from dsp_ext.shed cimport shed_measured
from dsp_ext.state cimport (
    ECHO_BARE,
    ECHO_FROZEN,
    POST_FSK,
    POST_MFR2,
    POST_PROGRESS,
    POST_VAD,
)
from dsp_ext.tick cimport engine_tick
from dsp_ext.tone cimport Program

_MODES = {"both": 0, "rx": 1, "tx": 2}


cdef class Engine(EngineOutfit):
    """`channels` of one law, ticked `block` samples at a time.

    taps : how many taps at once (default four a channel)
    events, commands : capacity of the rings, rounded up to powers of two
    echo : slots of the echo cancellers, up to `channels`; they need blocks of whole 80 samples
    echo_tail_ms : 64 or 128, how late an echo may come
    echo_nlp : whether what the filters leave is replaced by comfort noise
    progress : slots of call progress by tone plan, {"cn": 30}
    mfr2 : slots of MF-R2 detectors by what they hear: forward, backward, "backward cn"
    caller_id : slots of caller ID receivers by modem, {"bell202": 8, "v23": 8}
    voice : slots of voice detectors

    Raises ValueError for what cannot be, tone_plan.UnknownTone, MemoryError. All command methods
    raise ValueError for a channel or an argument out of range and RingFull when the command ring is
    full; those that need a slot raise NoSlot when all are taken.
    """

    cdef int64_t _seq
    cdef dict _held  # seq -> what the tick may read until it lets go
    cdef dict _frees  # seq -> seqs whose things are let go when this one is acknowledged
    cdef dict _taps  # (channel, ring's id) -> seq
    cdef dict _feeds  # channel -> seq

    def __cinit__(self, *args, **made_with) -> None:
        self._held, self._frees, self._taps, self._feeds = {}, {}, {}, {}

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
        return self._switch(kind, channel, False)

    cdef int64_t _switch(self, int kind, int channel, bint on) except -1:
        cdef command_t command
        memset(&command, 0, sizeof(command))
        command.a = on
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

        talk, listen : gains, 0 to 32; 0 is muted or deaf
        """
        cdef command_t command
        memset(&command, 0, sizeof(command))
        command.a = self._one_of(bridge, "bridge")
        command.x, command.y = _loudness("talk", talk), _loudness("listen", listen)
        return self._send(&command, CMD_JOIN, channel)

    def leave(self, channel: int) -> int:
        """Out of its bridge; whispers from it and to it end."""
        return self._plain(CMD_LEAVE, channel)

    def whisper(self, channel: int, to: int | None, *, gain: float = 1.0) -> int:
        """Let the channel be heard by `to` alone, besides all that `to` hears; None: nobody."""
        cdef command_t command
        memset(&command, 0, sizeof(command))
        command.a = -1 if to is None else self._one_of(to, "channel")
        if to == channel:
            raise ValueError(f"channel {channel} cannot whisper to itself")
        command.x = _loudness("gain", gain)
        return self._send(&command, CMD_WHISPER, channel)

    def loudest(self, bridge: int, count: int) -> int:
        """Let only the `count` loudest members of a bridge be heard, up to 16; 0: all of them."""
        cdef command_t command
        memset(&command, 0, sizeof(command))
        command.a = self._one_of(bridge, "bridge")
        if not 0 <= count <= MIX_MOST_LOUDEST:
            raise ValueError(f"count {count}: 0 to {MIX_MOST_LOUDEST} is allowed")
        command.b = count
        return self._send(&command, CMD_LOUDEST, 0)

    def keep(self, channel: int, on: bool = True) -> int:
        """Never let the driver join the channel with another: what it receives is watched."""
        return self._switch(CMD_KEEP, channel, on)

    def _one_of(self, number: int, what: str) -> int:
        if not 0 <= number < self.e.channels:
            raise ValueError(f"{what} {number}: 0 to {self.e.channels - 1} are allowed")
        return number

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

    def feed(self, channel: int, ring: Ring, *, octets: bool = False) -> int:
        """Add int16 samples (native order) from `ring` to what is sent; silence when empty.

        octets : they are octets of the line, sent as they are in place of all else while they last
        """
        cdef command_t command
        memset(&command, 0, sizeof(command))
        command.ptr, command.a = &ring.c, octets
        seq = self._send(&command, CMD_FEED, channel)
        self._hold(self._feeds, channel, seq, ring)
        return seq

    def unfeed(self, channel: int) -> int:
        seq = self._plain(CMD_UNFEED, channel)
        self._let_go(self._feeds, channel, seq)
        return seq

    def detect(self, channel: int, on: bool) -> int:
        """DTMF events of what the channel receives, from the next block on."""
        return self._switch(CMD_DETECT, channel, on)

    def echo(self, channel: int, on: bool = True, *, nlp: bool = True, freeze: bool = False) -> int:
        """Take the echo of what is sent out of what the channel receives, from the next block on.

        nlp : whether to replace what the filter leaves by comfort noise; freeze : keep the model as
        it is. While it is on, these two can be changed and the model stays.
        """
        cdef command_t command
        memset(&command, 0, sizeof(command))
        command.a = on
        command.b = (0 if nlp else ECHO_BARE) | (ECHO_FROZEN if freeze else 0)
        return self._seated(&command, CMD_ECHO, channel, "echo", "echo" if on else None)

    def progress(self, channel: int, plan: str | None, *, learn: bool = True,
                 known: BusyTone | None = None) -> int:
        """Tell the tones of a plan (TONE_HEARD, TONE_GONE); None: no longer.

        learn : take an unknown steady cadence for busy. What a slot has learned it keeps.
        known : a busy tone that was learned before. ValueError: not by a detector of this plan
        """
        bank = None if plan is None else f"progress {plan}"
        how = known_how(self._plans[plan], known) if known is not None and plan in self._plans else 0
        return self._listen(channel, "progress", POST_PROGRESS, bank, how | bool(learn))

    def mfr2(self, channel: int, direction: str | None) -> int:
        """Tell MF-R2 signals (MF_START, MF_END) of one direction; None: no longer."""
        bank = None if direction is None else f"mfr2 {direction}"
        return self._listen(channel, "mfr2", POST_MFR2, bank, 0)

    def caller_id(self, channel: int, modem: str | None) -> int:
        """Tell caller ID messages (CALLER_ID) sent by a modem; None: no longer.

        A message that has begun when it is turned on, or not ended when it is turned off, is lost.
        """
        bank = None if modem is None else f"fsk {modem}"
        return self._listen(channel, "fsk", POST_FSK, bank, 0)

    def voice(self, channel: int, on: bool = True) -> int:
        """Tell when speech begins and when it has paused for 250 ms (VOICE_BEGAN, VOICE_ENDED)."""
        return self._listen(channel, "vad", POST_VAD, "vad" if on else None, 0)

    def _listen(self, channel: int, kind: str, number: int, bank: str | None, how: int) -> int:
        cdef command_t command
        memset(&command, 0, sizeof(command))
        command.a = -1 if bank is None else self._posts.get(bank, -1)
        command.b, command.n = number, how
        return self._seated(&command, CMD_LISTEN, channel, kind, bank)

    cdef int64_t _seated(self, command_t* command, int kind, int channel, str seat,
                         str bank) except -1:
        """Send a command that takes a slot of `bank`, or with None gives up that of its kind."""
        if bank is not None:
            self.seats.check(bank, channel)
        seq = self._send(command, kind, channel)
        if bank is None:
            self.seats.leave(seat, channel)
        else:
            self.seats.sit(bank, channel)
        return seq

    def reset(self, channel: int) -> int:
        """Everything off: player, tone, feed, taps, bridge, detection; its slots are free again."""
        seq = self._plain(CMD_RESET, channel)
        self._let_go(self._feeds, channel, seq)
        for key in [key for key in self._taps if key[0] == channel]:
            self._let_go(self._taps, key, seq)
        self.seats.leave_all(channel)
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
        cdef char[FSK_LONGEST] octets
        outbox_drained(&self.e.out)
        events = []
        while ring_read(&self.e.out.ring, &event, sizeof(event)):
            if event.ref:
                for seq in self._frees.pop(event.ref, ()) if event.kind == ACK else (event.ref,):
                    self._held.pop(seq, None)
            said = b""
            if event.kind == EV_CALLER_ID:
                said = octets[:ring_read(&self.e.mail, octets, event.a)]
            events.append(Event(event.kind, event.channel, event.at, event.a, event.b, event.x,
                                event.y, said))
        return events

    @property
    def holding(self) -> int:
        """Things kept alive for the tick: samples, rings, tone programs."""
        return len(self._held)

    def tick(self, *, cost_us: float | None = None) -> None:
        """One block. Raises RuntimeError while another ticks this engine.

        cost_us : what to take it to have cost, as a clock would have measured it; load is shed by
            it. None: not measured.
        """
        self.claim("tick()")
        try:
            with nogil:
                engine_tick(self.e)
            if cost_us is not None:
                shed_measured(self.e, <int64_t> (cost_us * 1000))
        finally:
            self.let_go()


def _gain(name: str, value: float) -> float:
    if not -64 <= value <= 64:
        raise ValueError(f"{name} {value}: a factor of -64 to 64 is allowed")
    return value


def _loudness(name: str, value: float) -> float:
    if not 0 <= value <= 32:
        raise ValueError(f"{name} {value}: a factor of 0 to 32 is allowed")
    return value
