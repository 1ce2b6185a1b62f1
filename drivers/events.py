"""Line events: what signalling tells the control plane, one frozen dataclass each.

Every event names the span it came from. Call events carry `ref`, the number
the signalling instance gave the call (unique in that instance for as long as
the call lives), and `channel` where one is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Alarm(Enum):
    """Span alarms in the words of ITU-T G.732/G.775 as DAHDI shows them."""

    RED = "red"  # loss of signal or frame at our receiver
    AIS = "ais"  # all ones received ("blue")
    RAI = "rai"  # remote alarm indication ("yellow")


@dataclass(frozen=True, slots=True)
class Number:
    """A party number with what Q.931 4.5.8/4.5.10 says of it."""

    digits: str = ""
    ton: int = 0  # type of number: 0 unknown, 1 international, 2 national, 4 subscriber
    npi: int = 1  # numbering plan: 1 ISDN (E.164)
    presentation: int = 0  # octet 3a: 0x00 allowed, 0x20 restricted, 0x40 unavailable, + screening

    @property
    def withheld(self) -> bool:
        """Whether the party has asked that nobody be shown the number (or the name).

        One that is merely not available, as from a PBX that sends a name alone, is not that.
        """
        return self.presentation & 0x20 != 0


@dataclass(frozen=True, slots=True)
class Redirecting:
    """Who sent a call on to us (the last who did), why, and how often it was sent on."""

    number: Number
    name: str = ""
    reason: str = "unknown"  # "busy", "no reply", "unconditional", "deflected", …
    count: int = 1


@dataclass(frozen=True, slots=True)
class LineEvent:
    span: str


@dataclass(frozen=True, slots=True)
class CallEvent(LineEvent):
    ref: int


@dataclass(frozen=True, slots=True)
class Setup(CallEvent):
    """A call comes in. `complete` is false while more called digits may follow (overlap).

    `category` is what the far exchange says of the caller, in words, where it says it (R2).
    """

    channel: int
    called: Number
    calling: Number = field(default_factory=Number)
    name: str = ""
    complete: bool = True
    category: str = ""
    redirecting: Redirecting | None = None
    calling_subaddress: str = ""
    called_subaddress: str = ""


@dataclass(frozen=True, slots=True)
class Digits(CallEvent):
    """Overlap receiving: further called-party digits; `complete` as in Setup."""

    digits: str
    complete: bool = False


@dataclass(frozen=True, slots=True)
class MoreDigits(CallEvent):
    """SETUP ACK to our call: the far end wants the number digit by digit."""


@dataclass(frozen=True, slots=True)
class ChannelSet(CallEvent):
    """The far end settled on this channel (it may differ from the one we offered)."""

    channel: int


@dataclass(frozen=True, slots=True)
class Proceeding(CallEvent):
    inband: bool = False


@dataclass(frozen=True, slots=True)
class Progress(CallEvent):
    inband: bool = False
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class Alerting(CallEvent):
    inband: bool = False


@dataclass(frozen=True, slots=True)
class Connected(CallEvent):
    """Our outgoing call was answered; by whom, where the far end says it."""

    number: Number | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Disconnected(CallEvent):
    """The far end hangs up; answer with `release`. `inband`: a tone or announcement follows."""

    cause: int
    inband: bool = False


@dataclass(frozen=True, slots=True)
class Released(CallEvent):
    """The call is over and its channel idle; `ref` is not used again by this event's call."""

    cause: int


@dataclass(frozen=True, slots=True)
class Flash(CallEvent):
    """A hook-flash (R) on an analog phone."""


@dataclass(frozen=True, slots=True)
class Held(CallEvent):
    """The far end has put the call on hold, to talk with somebody else over the same channel."""


@dataclass(frozen=True, slots=True)
class Retrieved(CallEvent):
    """The far end is back in the call that it had put on hold."""


@dataclass(frozen=True, slots=True)
class CallWaits(CallEvent):
    """The far end says in our call that another one waits for us, and whose it is."""

    calling: Number
    name: str = ""


@dataclass(frozen=True, slots=True)
class Metering(CallEvent):
    """A metering pulse came in on our outgoing call; `pulses` counts them."""

    pulses: int


@dataclass(frozen=True, slots=True)
class AdviceOfCharge(CallEvent):
    """What the call costs, so far or (`final`) altogether, as the network says.

    `amount` is a decimal number of units, or of `currency`; "0" with neither is free of charge.
    """

    amount: str
    currency: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class SpanAlarm(LineEvent):
    alarm: Alarm
    active: bool


@dataclass(frozen=True, slots=True)
class SignallingState(LineEvent):
    """The D channel (or what stands for it) came up or went down."""

    up: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignallingMoved(LineEvent):
    """Another D channel of a group (NFAS) carries the signalling now: that of `interface`."""

    interface: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChannelState(LineEvent):
    """A channel was restarted, put out of service or brought back."""

    channel: int
    in_service: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignallingFault(LineEvent):
    """A frame or message that could not be used; the call, if any, went on."""

    what: str
    detail: str = ""
