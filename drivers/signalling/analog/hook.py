"""A telephone's hook as it is on the wire: lifted, put down, a flash, or a dial's pulses.

What: `HookReader` takes each opening and closing of one loop and says what it was, by how long it
lasted: the country's windows for pulses and flash; longer is on hook, shorter is chatter.
How: the table below, on the loop's clock. Limits: a break that is between the windows is nothing;
a digit of more than ten pulses is none.
Source: Q.552 and national practice, countries.toml.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum

from drivers.signalling.analog.country import LineFacts
from drivers.signalling.table import Table


class Hook(Enum):
    ON = "on"
    LIFTING = "lifting"  # closed, not for long enough yet
    OFF = "off"
    BREAK = "break"  # open: a pulse, a flash, or put down
    DIALLING = "dialling"  # closed after a pulse: another one, or the digit's end


_H = Hook
TABLE = Table(
    "hook",
    Hook.ON,
    "closed open pulse timer",
    {
        _H.ON: {"closed": (_H.LIFTING, "_wait_lifted")},
        _H.LIFTING: {"open": (_H.ON, "_still"), "timer": (_H.OFF, "_lifted")},
        _H.OFF: {"open": (_H.BREAK, "_broken"), "pulse": (_H.DIALLING, "_wait_more")},
        _H.BREAK: {"closed": (_H.OFF, "_measure"), "timer": (_H.ON, "_put_down")},
        _H.DIALLING: {"open": (_H.BREAK, "_broken"), "timer": (_H.OFF, "_digit")},
    },
)


class HookReader:
    """`tell(word, digit)`: "off_hook", "on_hook", "flash", or "digit" with which one."""

    def __init__(self, facts: LineFacts, tell: Callable[[str, str], None]) -> None:
        self.state = Hook.ON
        self._facts = facts
        self._tell = tell
        self._pulses = 0
        self._opened = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def feed(self, closed: bool) -> None:
        """The loop was closed or opened."""
        self._move("closed" if closed else "open")

    def stop(self) -> None:
        self._still()

    def _move(self, word: str) -> None:
        self.state, action = TABLE.rows[self.state][word]
        if action:
            getattr(self, action)()

    # ---- actions

    def _wait_lifted(self) -> None:
        self._after(self._facts.off_hook)

    def _lifted(self) -> None:
        self._pulses = 0
        self._tell("off_hook", "")

    def _broken(self) -> None:
        self._opened = asyncio.get_running_loop().time()
        self._after(self._facts.flash[1] + 1)

    def _put_down(self) -> None:
        self._tell("on_hook", "")

    def _measure(self) -> None:
        self._still()
        ms = (asyncio.get_running_loop().time() - self._opened) * 1000
        least, most = self._facts.pulse_break
        if least <= ms <= most + 1:
            self._pulses += 1
        elif self._facts.flash[0] - 1 <= ms and not self._pulses:
            self._tell("flash", "")
        if self._pulses:
            self._move("pulse")

    def _wait_more(self) -> None:
        self._after(self._facts.pulse_digit)

    def _digit(self) -> None:
        pulses, self._pulses = self._pulses, 0
        if pulses <= 10:
            self._tell("digit", str(pulses % 10))

    # ---- time

    def _after(self, ms: float) -> None:
        self._still()
        self._timer = asyncio.get_running_loop().call_later(ms / 1000, self._move, "timer")

    def _still(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
