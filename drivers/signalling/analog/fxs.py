"""Telephones on ports we feed: ringing, hook, flash, pulses, and what happens to one left off hook.

What: Alerting comes at once; how long to ring the caller decides. A telephone picked up by itself
gives Setup with no called number and `complete` false: its digits come in band, or as Digits when
it has a dial. After `release` with the telephone still off hook the port is out of service until
it is put down: busy tone, then the howler, then silence. Who calls is shown as the country does
it, before the bell or in its first pause, and so is whether messages wait. A telephone in talk may
have a second call (second.py).
How: the table below; a board that gives the hook as it is on the wire has it read by hook.py.
Source: ring cadence GB 3380; loop start as in Q.552; times in countries.toml.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from drivers.base import (
    AnalogEvent,
    HookChange,
    HookFlash,
    PulseDigit,
    SpanKind,
)
from drivers.cause import Cause
from drivers.events import (
    ChannelState,
    Digits,
    Flash,
    Number,
    Setup,
)
from drivers.signalling.analog.hook import HookReader
from drivers.signalling.analog.ports import Port, PortState
from drivers.signalling.analog.second import TwoCalls
from drivers.signalling.table import Table

_S = PortState
_UP: dict[str, tuple[PortState, str]] = {"on_hook": (_S.IDLE, "_put_down")}
_TWO: dict[str, tuple[PortState, str]] = {
    "on_hook": (_S.RINGING, "_ring_second"),
    "release": (_S.BETWEEN, "_one_over"),
    "release_second": (_S.TALKING, "_second_over"),
}
TABLE = Table(
    "fxs",
    _S.IDLE,
    "setup answer release off_hook on_hook flash digit timer second release_second",
    {
        _S.IDLE: {"off_hook": (_S.OFFERED, "_offer"), "setup": (_S.RINGING, "_ring")},
        _S.RINGING: {
            "off_hook": (_S.TALKING, "_picked_up"),
            "release": (_S.IDLE, "_stop_ringing"),
            "timer": (_S.IDLE, "_not_taken"),
        },
        _S.OFFERED: {
            "answer": (_S.TALKING, "_answered"),
            "on_hook": (_S.IDLE, "_over"),
            "release": (_S.PARKED, "_hang_up"),
            "flash": (_S.OFFERED, "_flash"),
            "digit": (_S.OFFERED, "_digit"),
        },
        _S.TALKING: {
            "on_hook": (_S.IDLE, "_over"),
            "release": (_S.PARKED, "_hang_up"),
            "flash": (_S.TALKING, "_flash"),
            "digit": (_S.TALKING, "_digit"),
            "second": (_S.WAITING, "_let_wait"),
        },
        _S.WAITING: {
            "flash": (_S.HOLDING, "_take_waiting"),
            "digit": (_S.WAITING, "_digit"),
            **_TWO,
        },
        _S.HOLDING: {
            "flash": (_S.HOLDING, "_swap"),
            "digit": (_S.HOLDING, "_digit"),
            **_TWO,
        },
        _S.BETWEEN: {
            "flash": (_S.TALKING, "_taken_up"),
            "on_hook": (_S.RINGING, "_ring_again"),
            "release": (_S.PARKED, "_hang_up"),
            "timer": (_S.HOWLING, "_give_up"),
        },
        _S.PARKED: {"timer": (_S.HOWLING, "_howl"), **_UP},
        _S.HOWLING: {"timer": (_S.LOCKED, "_lock"), **_UP},
        _S.LOCKED: _UP,
    },
)


class FxsSignalling(TwoCalls):
    """`Signalling` of a row of telephones."""

    table = TABLE
    kind = SpanKind.FXS

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._digit_keyed = ""
        self._waiting: set[int] = set()  # ports whose telephone shows that messages wait
        self._untold: set[int] = set()  # ports whose telephone has not been told the newest of it
        self._readers: dict[int, HookReader] = {}
        if self.span.raw_hook:
            self._readers = {
                number: HookReader(self.settings.facts, partial(self._hook, port))
                for number, port in self._ports.items()
            }

    def stop(self) -> None:
        super().stop()
        for reader in self._readers.values():
            reader.stop()

    def message_waiting(self, channel: int) -> bool:
        """Whether a port's dial tone is to say that messages wait."""
        return channel in self._waiting

    def set_message_waiting(self, channel: int, on: bool) -> None:
        """Show on a telephone that messages wait: its lamp, where it has one, dial tone, and the
        message that its display understands, as soon as it is on the hook.

        Raises KeyError for a port there is not.
        """
        port = self._ports[channel]
        self.span.set_message_waiting(channel, on)
        (self._waiting.add if on else self._waiting.discard)(channel)
        self._untold.add(channel)
        if port.state is PortState.IDLE:
            self._tell_messages(port)

    def _tell_messages(self, port: Port) -> None:
        """To a telephone on the hook; what cuts it off has it told again when that is over."""
        if port.number not in self._untold or self._announcer is None or self._sender is None:
            return
        steps = self._sender.messages(port.number in self._waiting)
        told = partial(self._messages_told, port)
        self._announcer.begin(port.channel, steps, lambda: None, told)

    def _messages_told(self, port: Port, whole: bool) -> None:
        if whole:
            self._untold.discard(port.number)

    # ---- from the line -------------------------------------------------------------------

    def _on_line(self, event: AnalogEvent) -> None:
        port = self._ports.get(event.channel)
        if port is None or not self._running:
            return
        if isinstance(event, HookChange):
            if event.channel in self._readers:
                self._readers[event.channel].feed(event.off_hook)
            else:
                self._hook(port, "off_hook" if event.off_hook else "on_hook", "")
        elif isinstance(event, HookFlash):
            self._hook(port, "flash", "")
        elif isinstance(event, PulseDigit):
            self._hook(port, "digit", event.digit)

    def _hook(self, port: Port, word: str, digit: str) -> None:
        self._digit_keyed = digit
        self._move(port, word)

    def _move(self, port: Port, word: str) -> None:
        old = port.state
        super()._move(port, word)
        if port.state is PortState.IDLE and old is not PortState.IDLE:
            self._tell_messages(port)

    # ---- actions -------------------------------------------------------------------------

    def _offer(self, port: Port) -> None:
        ref = self._new_ref(port)
        self._tell(Setup(self.span.name, ref, port.number, Number(), complete=False))

    def _answered(self, port: Port) -> None:
        if self.settings.polarity_on_answer:
            self._polarity(port, True)

    def _over(self, port: Port) -> None:
        self._polarity(port, False)
        self._end(port)

    def _give_up(self, port: Port) -> None:
        """The other call has waited for so long that nobody will take it up any more."""
        self._tell(ChannelState(self.span.name, port.number, False, "telephone off the hook"))
        port.cause = int(Cause.NO_ANSWER)
        self._end(port)
        self._howl(port)

    def _hang_up(self, port: Port) -> None:
        facts, first = self.settings.facts, self.settings.disconnect[0]
        if first == "current":
            self.span.set_hook(port.number, False)
            loop = asyncio.get_running_loop()
            lasts = facts.current_break[1] / 1000
            port.break_timer = loop.call_later(lasts, self.span.set_hook, port.number, True)
        self._polarity(port, first == "polarity" and not port.reversed)
        self._tell(ChannelState(self.span.name, port.number, False, "telephone off the hook"))
        self._end(port)
        if self.audio is not None and first != "silence":
            self.audio.tone(port.channel, "busy")
        self._after(port, facts.howler_after / 1000)

    def _howl(self, port: Port) -> None:
        if self.audio is not None:
            self.audio.tone(port.channel, "howler")
        self._after(port, self.settings.facts.howler / 1000)

    def _lock(self, port: Port) -> None:
        if self.audio is not None:
            self.audio.quiet(port.channel)

    def _put_down(self, port: Port) -> None:
        if self.audio is not None:
            self.audio.quiet(port.channel)
        self._polarity(port, False)
        self._tell(ChannelState(self.span.name, port.number, True, "telephone put down"))

    def _flash(self, port: Port) -> None:
        self._tell(Flash(self.span.name, port.ref))

    def _digit(self, port: Port) -> None:
        self._tell(Digits(self.span.name, port.ref, self._digit_keyed))
