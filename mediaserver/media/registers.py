"""Register signals of MFC/R2 on a session's channels: `drivers.base.Registers`.

What: sends and hears the tones for signalling. While it listens on a channel the
channel is signalling's: prompts and tones begun meanwhile wait until it lets go.
How: the engine's MF-R2 banks and tone generators; a call's reset of its channel
turns them off, so they are turned on again at once, and a signal that ended in
between is told as ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from drivers.base import Channel
from dsp_ext import mfr2
from dsp_ext.tone import Program
from mediaserver.media.session import MediaSession

#: A detector that was turned on anew finds what sounds within this time.
_FOUND_S = 0.080


@dataclass(slots=True, eq=False)
class _Ear:
    bank: str
    heard: Callable[[int], None]
    sounding: int = 0
    doubt: asyncio.TimerHandle | None = None


class MediaRegisters:
    """For all channels of a session; `banks` says what its engine must be made with."""

    def __init__(self, session: MediaSession) -> None:
        self._session = session
        self._ears: dict[int, _Ear] = {}
        session.on_signal = self._signal

    def listen(
        self, channel: Channel, direction: str, china: bool, heard: Callable[[int], None]
    ) -> None:
        self._forget(channel.index)
        ear = self._ears[channel.index] = _Ear(bank_of(direction, china), heard)
        self._turn_on(channel.index, ear)
        self._session.port(channel.index).hold(partial(self._again, channel.index, ear))

    def release(self, channel: Channel) -> None:
        engine, index = self._session.engine, channel.index
        if self._forget(index):
            self._session.commands.send(partial(engine.mfr2, index, None))
            self._session.commands.send(partial(engine.stop_tone, index))
            self._session.port(index).let_go()

    def send(self, channel: Channel, signal: int, direction: str, china: bool) -> None:
        engine = self._session.engine
        self._session.commands.send(
            partial(engine.tone, channel.index, _program(signal, direction, china))
        )

    def stop(self, channel: Channel) -> None:
        self._session.commands.send(partial(self._session.engine.stop_tone, channel.index))

    # ---- inside

    def _turn_on(self, index: int, ear: _Ear) -> None:
        self._session.commands.send(partial(self._session.engine.mfr2, index, ear.bank))

    def _forget(self, index: int) -> bool:
        ear = self._ears.pop(index, None)
        if ear is not None and ear.doubt is not None:
            ear.doubt.cancel()
        return ear is not None

    def _signal(self, index: int, signal: int) -> None:
        ear = self._ears.get(index)
        if ear is None:
            return
        if ear.doubt is not None:
            ear.doubt.cancel()
            ear.doubt = None
        if signal == ear.sounding != 0:
            return  # found again after a reset
        ear.sounding = signal
        ear.heard(signal)

    def _again(self, index: int, ear: _Ear) -> None:
        """After a reset of the channel."""
        self._turn_on(index, ear)
        if ear.sounding:
            if ear.doubt is not None:
                ear.doubt.cancel()
            loop = asyncio.get_running_loop()
            ear.doubt = loop.call_later(_FOUND_S, self._signal, index, 0)


def bank_of(direction: str, china: bool) -> str:
    """The engine's name for a bank that hears a direction."""
    return f"{direction} cn" if china else direction


def banks(spans: list[tuple[bool, int]]) -> dict[str, int]:
    """Slots of an engine's MF-R2 banks for R2 spans: (China's backward signals, channels) each."""
    found: dict[str, int] = {}
    for china, channels in spans:
        for bank in (bank_of("forward", False), bank_of("backward", china)):
            found[bank] = found.get(bank, 0) + channels
    return found


@cache
def _program(signal: int, direction: str, china: bool) -> Program:
    return mfr2.program(signal, direction, china=china)
