"""Ears for what comes on a line that no call is on: caller ID messages by FSK, or keys.

What: `KeyEar` tells each key as it is pressed. `CallerEar` says of each message what it tells of
the caller, or that it cannot be read.
How: they listen from the loop's next turn, after the reset that ends the call before. By FSK the
channel's receiver finds messages; keys count from one that begins a number (A, B, D) to one that
ends it (C, #). Limits: keys of caller ID that pause for `PAUSE_S` are forgotten.
Source: GR-30 and EN 300 659-1, its annex B for keys.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from dsp_ext.callerid import CallerId, CallerIdError, decode_dtmf
from mediaserver.media.callerid import CallerIdEvent
from mediaserver.media.digits import DigitEvent
from mediaserver.media.errors import MediaError
from mediaserver.media.port import MediaPort

log = logging.getLogger(__name__)

PAUSE_S = 1.0
_BEGIN, _END = frozenset("ABD"), frozenset("C#")
_LONGEST = 40

OnCaller = Callable[[CallerId | None], None]


class _Ear:
    """What both share: the start in the loop's next turn, and the end."""

    def __init__(self, port: MediaPort, line: str) -> None:
        self._port, self._line = port, line
        self._undo: Callable[[], None] | None = None
        self._soon: asyncio.Handle | None = asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        self._soon = None
        try:
            self._undo = self._start()
        except MediaError as error:
            log.warning("%s: nothing is heard on it: %s", self._line, error)

    def stop(self) -> None:
        """Let go of what hears."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        if self._undo is not None:
            self._undo()
            self._undo = None
            self._end()

    def _start(self) -> Callable[[], None]:
        raise NotImplementedError

    def _end(self) -> None:
        raise NotImplementedError


class KeyEar(_Ear):
    """`heard(event)` hears of each key; `line` is for the log."""

    def __init__(self, port: MediaPort, heard: Callable[[DigitEvent], None], line: str) -> None:
        self._heard = heard
        super().__init__(port, line)

    def _start(self) -> Callable[[], None]:
        self._heard_already = self._port.detecting
        self._port.detect(True)
        return self._port.on_digit(self._key)

    def _end(self) -> None:
        """Nobody shall take these keys for a caller's choice."""
        self._port.detect(self._heard_already)
        self._port.digits.clear()

    def _key(self, event: DigitEvent) -> None:
        if event.duration_ms is None:
            self._heard(event)


class FskEar(_Ear):
    """`heard(caller)` hears of each message; `modem` is "bell202" or "v23"."""

    def __init__(self, port: MediaPort, modem: str, heard: OnCaller, line: str) -> None:
        self._modem, self._heard = modem, heard
        super().__init__(port, line)

    def _start(self) -> Callable[[], None]:
        self._port.caller_id(self._modem)
        return self._port.on_caller_id(self._message)

    def _end(self) -> None:
        self._port.caller_id(None)

    def _message(self, event: CallerIdEvent) -> None:
        self._heard(event.caller)


class CallerKeys:
    """Finds numbers among keys."""

    def __init__(self, heard: OnCaller) -> None:
        self._heard = heard
        self._keys = ""
        self._key_at_ms = 0

    def key(self, event: DigitEvent) -> None:
        if event.at_ms - self._key_at_ms > PAUSE_S * 1000:
            self._keys = ""
        self._key_at_ms = event.at_ms
        if self._keys or event.digit in _BEGIN:
            self._keys = (self._keys + event.digit)[:_LONGEST]
        if self._keys and event.digit in _END:
            keys, self._keys = self._keys, ""
            self._heard(_said(keys))


def caller_ear(port: MediaPort, by: str, heard: OnCaller, line: str) -> KeyEar | FskEar:
    """An ear for caller ID; `by` is a modem, or "dtmf"."""
    if by == "dtmf":
        return KeyEar(port, CallerKeys(heard).key, line)
    return FskEar(port, by, heard, line)


def _said(keys: str) -> CallerId | None:
    try:
        return decode_dtmf(keys)
    except CallerIdError:
        return None
