"""What every board, span and signalling looks like to the control plane.

Board owns Spans; a Span owns Channels (timeslots or ports) and one media Port
into the engine; a Signalling turns a span's line activity into line events and
carries our requests to the far end. Virtual and real boards, PRI and analog,
all stand behind these protocols; nothing above `drivers` knows which it is.

All methods are called on the control thread (the asyncio loop's); none blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from drivers.cause import Cause
from drivers.events import Alarm, LineEvent, Number, Redirecting
from dsp_ext.callerid import CallerId

EventSink = Callable[[LineEvent], None]


class SpanKind(Enum):
    E1 = "e1"  # 31 timeslots, 30 B channels and the D channel in timeslot 16
    FXS = "fxs"  # we feed a telephone
    FXO = "fxo"  # we are the telephone on an exchange line


class DriverError(Exception):
    """A request the line could not carry out; says which span, channel and why.

    `cause` is the Q.850 value to clear the call with that asked for it.
    """

    def __init__(self, message: str, cause: int = Cause.TEMPORARY_FAILURE) -> None:
        super().__init__(message)
        self.cause = int(cause)


@dataclass(slots=True)
class Channel:
    """One timeslot or port. `number` is the timeslot (1–31) or port (from 1) as people name it.

    `index` is its place in the engine, given when the board is attached; -1 before.
    """

    span: str
    number: int
    index: int = -1

    @property
    def name(self) -> str:
        return f"{self.span}/{self.number}"


class Span(Protocol):
    """One line interface."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> SpanKind: ...

    @property
    def channels(self) -> Sequence[Channel]: ...

    @property
    def port(self) -> Any:
        """dsp_ext.port.Port: the octets of all `channels`, in this order."""

    @property
    def alarms(self) -> frozenset[Alarm]: ...

    def watch(self, on_alarm: EventSink) -> None:
        """Call `on_alarm` with SpanAlarm events from now on."""


class DChannelSpan(Span, Protocol):
    """A span whose board gives its D channel as a stream of frames."""

    def send_frame(self, frame: bytes) -> None:
        """Queue one HDLC frame, address to information field, without flags or FCS."""

    def on_frame(self, receive: Callable[[bytes], None]) -> None:
        """Hand every received frame (FCS already checked and taken off) to `receive`."""


class CasSpan(Span, Protocol):
    """A span whose timeslot 16 carries four signalling bits for each channel (G.704 5.1.3.2).

    `abcd` is a nibble, A the highest bit. A channel nobody has set sends 1101, as
    boards do before signalling takes them.
    """

    def send_bits(self, channel: int, abcd: int) -> None:
        """Send these bits for a channel from now on."""

    def bits(self, channel: int) -> int:
        """What stands on the line now."""

    def on_bits(self, receive: Callable[[int, int], None]) -> None:
        """Call `receive(channel, abcd)` whenever a channel's received bits change."""


class Registers(Protocol):
    """Multifrequency senders and receivers of R2, one of each a channel.

    Whoever has the channels' media gives this to the signalling, which says when a
    channel is in its hands: from `listen` with a direction until `listen` with none,
    nothing else is sent on it.
    """

    def listen(
        self, channel: Channel, direction: str, china: bool, heard: Callable[[int], None]
    ) -> None:
        """Hear "forward" or "backward" signals: `heard(signal)` as one begins, `heard(0)` as it
        ends. `china`: backward signals of four frequencies."""

    def release(self, channel: Channel) -> None:
        """Neither listen nor send; the channel is free for speech."""

    def send(self, channel: Channel, signal: int, direction: str, china: bool) -> None:
        """Send a signal until `stop`, or another is sent."""

    def stop(self, channel: Channel) -> None:
        """Send nothing."""


@dataclass(frozen=True, slots=True)
class FskMessage:
    """A caller ID message as octets, from type to checksum; `modem` is "bell202" or "v23"."""

    octets: bytes
    modem: str
    level_dbm0: float
    seizure_bits: int
    mark_bits: int


@dataclass(frozen=True, slots=True)
class AlertTone:
    """The dual tone (2130 and 2750 Hz) that makes a telephone listen for a message."""

    ms: int


@dataclass(frozen=True, slots=True)
class Keys:
    """DTMF, in ms on and off."""

    digits: str
    on_ms: int
    off_ms: int


class LineAudio(Protocol):
    """Tones on the ports of telephones and exchange lines, and E&M trunks, for their signalling.

    `plan` is the country whose tones they are. What is asked for on a channel ends with the call's
    reset of it, but for a tone that is sounded when no call is on it.
    """

    plan: str

    def now(self) -> datetime:
        """The time of day on the wall."""

    def hear(self, channel: Channel, heard: Callable[[str], None]) -> bool:
        """Tones of the exchange and voice as words: "dial", "busy" … as one is sure, "dial ended"
        as it is over. False when no detector is left for it, or detectors stand still under load:
        then nothing may be heard."""

    def deaf(self, channel: Channel) -> None:
        """Hear no more."""

    def dial(
        self,
        channel: Channel,
        digits: str,
        on_ms: int,
        off_ms: int,
        done: Callable[[bool], None],
    ) -> None:
        """Send DTMF; `done(True)` once all of it was sent, `done(False)` if that was cut off."""

    def hear_caller(
        self, channel: Channel, by: str, heard: Callable[[CallerId | None], None]
    ) -> None:
        """Caller ID on a line that no call is on, from the loop's next turn: by FSK ("bell202",
        "v23") or keys ("dtmf"). `heard(None)`: a message came that cannot be read."""

    def deaf_caller(self, channel: Channel) -> None:
        """Hear no more caller ID; keys that came are forgotten."""

    def hear_waiting(
        self, channel: Channel, by: str, key: str, heard: Callable[[CallerId | None], None]
    ) -> None:
        """In talk: the exchange's alert that a call waits is answered with `key`, and the message
        by FSK ("bell202", "v23") taken. `heard(None)`: it cannot be read."""

    def deaf_waiting(self, channel: Channel) -> None:
        """Answer no more alerts."""

    def hear_keys(self, channel: Channel, heard: Callable[[str], None]) -> None:
        """Each DTMF key on a line that no call is on yet, from the loop's next turn."""

    def deaf_keys(self, channel: Channel) -> None:
        """Hear no more keys; those that came are forgotten."""

    async def send_caller(self, channel: Channel, piece: FskMessage | AlertTone | Keys) -> bool:
        """Send a part of caller ID: True when all of it was sent. Cancelling stops it; what cannot
        be sent is logged."""

    async def alert(self, channel: Channel, tone: AlertTone, keys: str, within_ms: int) -> bool:
        """Send the alert in talk; whether one of `keys` was heard before so long after its end."""

    def apart(self, channel: Channel, on: bool) -> None:
        """Whoever is in talk on a channel and the other parties do not hear each other, or do."""

    async def burst(self, channel: Channel, name: str) -> bool:
        """Sound one of the plan's tones once, up to its longest pause; True when all of it was."""

    def tone(self, channel: Channel, name: str) -> None:
        """Sound one of the plan's tones until `quiet`; busy tone where it has none of that name."""

    def quiet(self, channel: Channel) -> None:
        """Sound nothing."""


@dataclass(frozen=True, slots=True)
class HookChange:
    """FXS: the telephone's hook. FXO: loop current seen."""

    channel: int
    off_hook: bool


@dataclass(frozen=True, slots=True)
class RingChange:
    """FXO: ringing voltage began or ended, and its cadence (on, off, on, off …, it repeats).

    A simulated line also tells who calls as data, for telephones without ears.
    """

    channel: int
    ringing: bool
    caller_number: str = ""
    caller_name: str = ""
    cadence_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HookFlash:
    channel: int


@dataclass(frozen=True, slots=True)
class PulseDigit:
    """FXS: a digit of a telephone's dial, where the board counts pulses itself."""

    channel: int
    digit: str


@dataclass(frozen=True, slots=True)
class PulsesSent:
    """FXO: all of `dial_pulses` is on the line."""

    channel: int


@dataclass(frozen=True, slots=True)
class PolarityChange:
    """FXO: the exchange reversed the wires, or put them back."""

    channel: int


@dataclass(frozen=True, slots=True)
class FeedChange:
    """FXO: whether the exchange feeds the line at all, where the board watches that itself."""

    channel: int
    fed: bool


AnalogEvent = (
    HookChange | RingChange | HookFlash | PulseDigit | PulsesSent | PolarityChange | FeedChange
)


class AnalogSpan(Span, Protocol):
    """A span of analog ports; FXS drives ring and polarity, FXO drives hook, flash and pulses."""

    @property
    def raw_hook(self) -> bool:
        """Whether HookChange is each change of the loop as it happens, so that flashes, pulses and
        breaks of current are to be told from it; False where the board has done that."""

    def set_flash(self, heard_ms: tuple[int, int], sent_ms: int) -> None:
        """Which breaks of a loop are flashes, the least and the most, where the board tells them;
        and how long those are that it makes. What a board cannot keep it has its own for."""

    def set_hook(self, channel: int, off_hook: bool) -> None: ...

    def set_ring(
        self,
        channel: int,
        ringing: bool,
        caller_number: str = "",
        caller_name: str = "",
        cadence_ms: tuple[int, ...] = (),
    ) -> None: ...

    def flash(self, channel: int) -> None: ...

    def dial_pulses(self, channel: int, digits: str, send_ms: tuple[int, int, int]) -> None:
        """FXO: break and make the loop for each digit; `send_ms` are break, make and the pause
        between digits. PulsesSent follows."""

    def set_polarity(self, channel: int, reversed_: bool) -> None:
        """FXS: reverse the wires of the line, or put them back."""

    def set_message_waiting(self, channel: int, on: bool) -> None:
        """FXS: the telephone's lamp, where the board can drive one."""

    def on_hook_audio(self, channel: int, ms: int) -> None:
        """FXS: let sound through to a telephone on the hook for so long."""

    def on_line(self, receive: Callable[[AnalogEvent], None]) -> None: ...


class Board(Protocol):
    """A card, or what stands for one."""

    name: str

    @property
    def spans(self) -> Sequence[Span]: ...

    def status(self) -> list[dict[str, Any]]:
        """One entry a span: name, kind, channels, alarms, and what the board counts of errors."""

    def close(self) -> None: ...


@dataclass(slots=True)
class SetupRequest:
    """An outgoing call. `complete` false sends the number in overlap.

    `channel` 0 lets the signalling take any idle one (ChannelSet tells which). `ring` is how a
    telephone's bell tells where the call is from: "external", "internal" or "queue".
    """

    channel: int
    called: Number
    calling: Number = field(default_factory=Number)
    name: str = ""
    complete: bool = True
    redirecting: Redirecting | None = None
    calling_subaddress: str = ""
    called_subaddress: str = ""
    ring: str = "external"


class Signalling(Protocol):
    """Call control on one span, the same words for PRI, R2 and analog.

    `setup` gives the new call's ref. Requests for a ref that has gone raise
    DriverError; a caller that races the far end catches it and goes on.
    """

    sink: EventSink

    @property
    def span(self) -> Span: ...

    @property
    def up(self) -> bool:
        """Whether new calls can be made now."""

    def is_idle(self, channel: int) -> bool:
        """Whether a call may be put on a channel: none is on it, not even one the far end has
        begun and not told the number of yet."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Let go of the line; no events after this."""

    def setup(self, request: SetupRequest) -> int: ...

    def acknowledge(self, ref: int) -> None:
        """SETUP ACK: more digits, please (overlap receiving)."""

    def information(self, ref: int, digits: str) -> None:
        """Overlap sending: further digits of the called number."""

    def proceeding(self, ref: int) -> None: ...

    def alerting(self, ref: int, inband: bool = False) -> None: ...

    def progress(self, ref: int, inband: bool = True) -> None: ...

    def answer(self, ref: int) -> None: ...

    def release(self, ref: int, cause: int) -> None:
        """Begin or finish clearing; `Released` follows once the channel is idle."""

    def restart(self, channel: int) -> None:
        """Bring one channel to idle at both ends (Q.931 5.5)."""
