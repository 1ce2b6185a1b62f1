"""Exchange lines, on which we are the telephone: ringing, dialling, answer, and the call's end.

What: a line that rings is a call once the caller is told, as the country does it, or cannot be
told any more. An outgoing call closes the loop, waits for dial tone, sends the number by DTMF or
pulses and waits for the answer: a reversal of polarity, voice on the line (heard by the layer
above), or a time. The far end's hanging up shows as a break of current or polarity here; busy tone
and silence are heard above. A line the exchange does not feed is out of service until it does.
In talk the exchange may say who waits; a flash takes that call, and swaps the two.
How: the table below. A break of current counts when it has lasted; between the end of a call and
the next the line is on hook for a guard time.
Limits: without `audio`, or with no number, the line is only lifted and counts as connected. A
caller who gives up before the first ring's pause is over has not called.
Source: loop start as in TIA-968 and Q.552; times in countries.toml.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from drivers.base import (
    AnalogEvent,
    DriverError,
    FeedChange,
    HookChange,
    PolarityChange,
    PulsesSent,
    RingChange,
    SetupRequest,
    SpanKind,
)
from drivers.cause import Cause
from drivers.events import (
    CallWaits,
    ChannelState,
    Connected,
    Disconnected,
    Number,
    Proceeding,
    Setup,
)
from drivers.signalling.analog.callerid import party
from drivers.signalling.analog.ports import AnalogSignalling, Port, PortState
from drivers.signalling.table import Table
from dsp_ext.callerid import CallerId

log = logging.getLogger(__name__)

_S = PortState
_ENDS: dict[str, tuple[PortState, str]] = {
    "current_lost": (_S.CLEARED, "_far_end"),
    "release": (_S.GUARD, "_open_loop"),
}
TABLE = Table(
    "fxo",
    _S.IDLE,
    "setup lift answer release ring caller quiet current_lost current_back reversal dial_tone sent"
    " failed cleared timer",
    {
        _S.IDLE: {
            "ring": (_S.HEARING, "_rings"),
            "setup": (_S.SEIZED, "_seize"),
            "lift": (_S.TALKING, "_lift"),
            "current_lost": (_S.DEAD, "_dead"),
        },
        _S.DEAD: {"current_back": (_S.IDLE, "_alive"), "ring": (_S.HEARING, "_rings_again")},
        _S.HEARING: {
            "caller": (_S.OFFERED, "_offer"),
            "timer": (_S.OFFERED, "_offer"),
            "quiet": (_S.IDLE, ""),
        },
        _S.OFFERED: {
            "quiet": (_S.IDLE, "_given_up"),
            "answer": (_S.TALKING, "_close_loop"),
            "release": (_S.REFUSED, "_end"),
        },
        _S.REFUSED: {"quiet": (_S.IDLE, "_given_up")},
        _S.SEIZED: {
            "dial_tone": (_S.DIALLING, "_dial"),
            "timer": (_S.SEIZED, "_no_tone"),
            "failed": (_S.CLEARED, "_refused"),
            **_ENDS,
        },
        _S.DIALLING: {
            "sent": (_S.DIALLED, "_dialled"),
            "failed": (_S.CLEARED, "_refused"),
            **_ENDS,
        },
        _S.DIALLED: {
            "timer": (_S.TALKING, "_answered"),
            "reversal": (_S.TALKING, "_answered"),
            **_ENDS,
        },
        _S.TALKING: {
            "reversal": (_S.TALKING, "_reversed"),
            "sent": (_S.TALKING, "_sent_on"),
            "failed": (_S.TALKING, "_not_sent_on"),
            "cleared": (_S.CLEARED, "_far_end"),
            **_ENDS,
        },
        _S.CLEARED: {"release": (_S.GUARD, "_open_loop")},
        _S.GUARD: {"timer": (_S.IDLE, "_rest"), "ring": (_S.HEARING, "_rings")},
    },
)

#: A caller told so long before the bell is that of the call.
_FRESH_S = 5.0
_DIALS = {"dtmf": frozenset("0123456789*#ABCD"), "pulse": frozenset("0123456789")}


class FxoSignalling(AnalogSignalling):
    """`Signalling` of a row of exchange lines."""

    table = TABLE
    kind = SpanKind.FXO

    def start(self) -> None:
        super().start()
        for port in self._ports.values():
            self._listen(port)

    def _way_out(self, request: SetupRequest) -> str:
        digits = request.called.digits
        if self.audio is None or not digits:
            return "lift"
        self._check(digits)
        return "setup"

    def _check(self, digits: str) -> None:
        how = self.settings.dial
        if set(digits) - _DIALS[how]:
            raise DriverError(
                f"{self.span.name}: {digits!r} cannot be dialled by {how}", Cause.INVALID_NUMBER
            )

    def dial_on(self, ref: int, digits: str, done: Callable[[bool], None]) -> None:
        """Dial in a call that is up; `done(True)` once all is sent, `done(False)` if it is not.

        Raises DriverError for what cannot be dialled, and where there is no such call.
        """
        port = self._port(ref)
        if port.state is not PortState.TALKING or self.audio is None:
            raise DriverError(f"{self.span.name}/{port.number} is {port.state.value}: no dialling")
        self._check(digits)
        port.dialled = done
        self._send(port, digits)

    def takes_flash(self, channel: int) -> bool:
        """Whether a flash on this line now takes or swaps the exchange's other call for it."""
        port = self._ports[channel]
        return port.another and port.state is PortState.TALKING

    def flash(self, ref: int) -> None:
        """Raises DriverError where the board cannot, or there is no such call."""
        self.span.flash(self._port(ref).number)

    # ---- from the line -------------------------------------------------------------------

    def _on_line(self, event: AnalogEvent) -> None:
        port = self._ports.get(event.channel)
        if port is None or not self._running:
            return
        if isinstance(event, RingChange):
            port.ring = event
            self._move(port, "ring" if event.ringing else "quiet")
        elif isinstance(event, HookChange):
            self._current(port, event.off_hook)
        elif isinstance(event, FeedChange):
            port.fed = event.fed
            self._move(port, "current_back" if event.fed else "current_lost")
        elif isinstance(event, PolarityChange):
            self._move(port, "reversal")
        elif isinstance(event, PulsesSent):
            self._move(port, "sent")

    def _current(self, port: Port, on: bool) -> None:
        """A break counts when it has lasted, its end at once.

        A board that has measured it tells of breaks on closed loops alone, and not of their end.
        """
        if not self.span.raw_hook:
            if not on and port.state not in (PortState.IDLE, PortState.GUARD):
                self._broken(port)
            return
        port.fed = on
        if port.break_timer is not None:
            port.break_timer.cancel()
            port.break_timer = None
        if on:
            self._move(port, "current_back")
            return
        lasts = self.settings.facts.current_break[0] / 1000
        port.break_timer = asyncio.get_running_loop().call_later(lasts, self._broken, port)

    def _broken(self, port: Port) -> None:
        port.break_timer = None
        if port.state is PortState.IDLE or "current" in self.settings.disconnect:
            self._move(port, "current_lost")

    def _heard(self, port: Port, word: str) -> None:
        if word == "dial":
            self._move(port, "dial_tone")

    # ---- who calls -----------------------------------------------------------------------

    def _listen(self, port: Port) -> None:
        """For caller ID, on a line that no call is on."""
        how = self.settings.scheme
        if self.audio is not None and how is not None and not port.listening:
            port.listening = True
            self.audio.hear_caller(port.channel, how.heard_by, partial(self._caller, port))

    def _deafen(self, port: Port) -> None:
        if self.audio is not None and port.listening:
            port.listening = False
            self.audio.deaf_caller(port.channel)

    def _caller(self, port: Port, caller: CallerId | None) -> None:
        """A message that cannot be read is as none: the call goes on without a number."""
        if caller is None:
            log.warning("%s: a caller ID message came garbled", port.channel.name)
        elif caller.number is None and caller.number_absent is None:
            log.info("%s: a message that tells of no caller", port.channel.name)
        else:
            port.caller, port.heard_at = caller, asyncio.get_running_loop().time()
            self._move(port, "caller")

    def _rings(self, port: Port) -> None:
        how = self.settings.scheme
        self._listen(port)
        if self.audio is None or how is None:
            self._move(port, "caller")  # nothing to wait for
        elif self._told(port) is not None:
            self._move(port, "caller")
        else:
            self._after(port, (how.hear_ms or sum(self.settings.facts.ring)) / 1000)

    def _rings_again(self, port: Port) -> None:
        """A line that rings is not dead."""
        self._alive(port)
        self._rings(port)

    def _told(self, port: Port) -> CallerId | None:
        """The caller of the call that rings now, if already known."""
        fresh = asyncio.get_running_loop().time() - port.heard_at <= _FRESH_S
        return port.caller if fresh else None

    def _party(self, port: Port) -> tuple[Number, str]:
        if self.audio is None and port.ring is not None:
            return Number(port.ring.caller_number), port.ring.caller_name
        caller = self._told(port)
        return party(caller, self.settings.names) if caller is not None else (Number(), "")

    # ---- actions -------------------------------------------------------------------------

    def _offer(self, port: Port) -> None:
        ref, (calling, name) = self._new_ref(port), self._party(port)
        self._deafen(port)
        port.caller = None
        self._tell(Setup(self.span.name, ref, port.number, Number(), calling, name))

    def _given_up(self, port: Port) -> None:
        self._end(port)
        self._listen(port)

    def _lift(self, port: Port) -> None:
        self._deafen(port)
        self.span.set_hook(port.number, True)
        self._tell(Proceeding(self.span.name, port.ref, inband=True))
        self._answered(port)

    def _seize(self, port: Port) -> None:
        assert self.audio is not None
        self._deafen(port)
        self.span.set_hook(port.number, True)
        hears = self.audio.hear(port.channel, lambda word: self._heard(port, word))
        port.waits = self.settings.wait_dial_tone and hears
        facts = self.settings.facts
        self._after(port, (facts.dial_tone_wait if port.waits else facts.dial_blind) / 1000)

    def _no_tone(self, port: Port) -> None:
        """The time for dial tone is over; where nothing could hear it, that says nothing."""
        self._move(port, "failed" if port.waits else "dial_tone")

    def _dial(self, port: Port) -> None:
        assert self.audio is not None and port.request is not None
        self.audio.deaf(port.channel)
        self._send(port, port.request.called.digits)

    def _sent_on(self, port: Port, whole: bool = True) -> None:
        done, port.dialled = port.dialled, None
        if done is not None:
            done(whole)

    def _not_sent_on(self, port: Port) -> None:
        self._sent_on(port, False)

    def _end(self, port: Port) -> None:
        self._not_sent_on(port)
        super()._end(port)

    def _send(self, port: Port, digits: str) -> None:
        """As the line takes it; the word "sent" or "failed" follows."""
        assert self.audio is not None
        if self.settings.dial == "pulse":
            try:
                self.span.dial_pulses(port.number, digits, self.settings.facts.pulse_send)
            except DriverError as error:
                log.warning("%s/%d: dialling failed: %s", self.span.name, port.number, error)
                self._move(port, "failed")
            return
        ref = port.ref

        def done(whole: bool) -> None:
            if port.ref == ref:
                self._move(port, "sent" if whole else "failed")

        self.audio.dial(port.channel, digits, *self.settings.facts.dtmf_send, done)

    def _dialled(self, port: Port) -> None:
        self._tell(Proceeding(self.span.name, port.ref, inband=True))
        if self.settings.answer == "dialled":
            self._move(port, "timer")
        elif self.settings.answer_after_s:
            self._after(port, self.settings.answer_after_s)

    def _answered(self, port: Port) -> None:
        self._begin(port)
        self._tell(Connected(self.span.name, port.ref))

    def _begin(self, port: Port) -> None:
        """In talk from now on."""
        port.since = asyncio.get_running_loop().time()
        how = self.settings.scheme
        waits = self.settings.waits_at(port.number)
        if self.audio is not None and how is not None and how.waiting and waits:
            heard = partial(self._another, port, port.ref)
            self.audio.hear_waiting(port.channel, how.modem, how.ack[0], heard)

    def _another(self, port: Port, ref: int, caller: CallerId | None) -> None:
        if caller is None:
            log.warning("%s: a message of who waits came garbled", port.channel.name)
        elif port.ref == ref:
            port.another = True
            self._tell(CallWaits(self.span.name, ref, *party(caller, self.settings.names)))

    def _close_loop(self, port: Port) -> None:
        self._begin(port)
        self.span.set_hook(port.number, True)

    def _reversed(self, port: Port) -> None:
        """Right after the answer it is the answer's own sign; later the far end has gone."""
        since = asyncio.get_running_loop().time() - port.since
        counts = since * 1000 >= self.settings.facts.polarity_guard
        if counts and "polarity" in self.settings.disconnect:
            self._move(port, "cleared")

    def _refused(self, port: Port) -> None:
        """No dial tone, or the number could not be sent: the exchange does not serve us."""
        self._tell(Disconnected(self.span.name, port.ref, int(Cause.NETWORK_OUT_OF_ORDER)))

    def _far_end(self, port: Port) -> None:
        self._tell(Disconnected(self.span.name, port.ref, int(Cause.NORMAL)))

    def _open_loop(self, port: Port) -> None:
        if self.audio is not None:
            self.audio.deaf(port.channel)
            self.audio.deaf_waiting(port.channel)
        self.span.set_hook(port.number, False)
        self._end(port)
        self._after(port, self.settings.facts.seize_guard / 1000)

    def _rest(self, port: Port) -> None:
        self._listen(port)
        if not port.fed:
            self._move(port, "current_lost")

    def _dead(self, port: Port) -> None:
        self._tell(ChannelState(self.span.name, port.number, False, "the line is not fed"))

    def _alive(self, port: Port) -> None:
        self._tell(ChannelState(self.span.name, port.number, True, "the line is fed again"))
