"""MediaPort: one engine channel as a leg uses it.

What: plays, sends tones, digits and caller ID, hears them and voices, taps. Every request is a
command that takes effect at the next block. Limits: one player and one tone
generator a channel; control thread only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol

import dsp_ext.tone as tones
from dsp_ext.progress_plan import BusyTone
from mediaserver.media.callerid import CallerIdEvent, OnCallerId, sound
from mediaserver.media.commands import Commands
from mediaserver.media.digits import DigitEvent, DigitQueue
from mediaserver.media.listeners import Listeners
from mediaserver.media.prompt import Playable, samples_of
from mediaserver.media.tones import OnBusy, OnTone, OnVoice, ToneEvent, VoiceEvent
from mediaserver.media.turn import Generator

OnDigit = Callable[[DigitEvent], None]

#: Digits a tone program can hold (32 segments).
_DIGITS_A_PROGRAM = 32


class Mixing(Protocol):
    """The bridge a port is in."""

    def renew(self, port: MediaPort) -> None: ...
    def leave(self, port: MediaPort) -> None: ...
    def forget(self, port: MediaPort) -> None: ...


class MediaPort:
    """`channel` is the engine's channel; `digits` what was keyed and not yet read."""

    def __init__(self, commands: Commands, channel: int) -> None:
        engine = commands.engine
        self.channel = channel
        self.bridge: Mixing | None = None
        self.detecting = False  # keys are heard
        self.is_apart = False
        self.digits = DigitQueue()
        self._commands = commands
        self._player = Generator(commands, partial(engine.stop, channel))
        self._tones = Generator(commands, partial(engine.stop_tone, channel))
        self._digit_listeners: Listeners[DigitEvent] = Listeners("digit", channel)
        self._tone_listeners: Listeners[ToneEvent] = Listeners("tone", channel)
        self._busy_listeners: Listeners[BusyTone] = Listeners("busy tone", channel)
        self._caller_id_listeners: Listeners[CallerIdEvent] = Listeners("caller ID", channel)
        self._voice_listeners: Listeners[VoiceEvent] = Listeners("voice", channel)
        self._holder: Callable[[], None] | None = None

    # ---- in signalling's hands

    def hold(self, again: Callable[[], None]) -> None:
        """The channel carries register signals: what is played or sounded waits for `let_go`.

        `again` is called after a reset, which ends what signalling has begun as well.
        """
        self._holder = again
        self._player.hold()
        self._tones.hold()

    def let_go(self) -> None:
        """The speech path is free."""
        self._holder = None
        self._player.resume()
        self._tones.resume()

    # ---- sending

    @property
    def playing(self) -> bool:
        return self._player.busy

    async def play(self, what: Playable, *, loop: bool = False, gain: float = 1.0) -> bool:
        """Play to the end: True; False when stopped, replaced or reset.

        `what` is a Prompt, int16 samples of shape (n,), or several of them, played
        without a gap. Cancelling stops the player. Raises MediaError for other samples.
        """
        samples = samples_of(what)
        if not len(samples):
            return True
        play = self._commands.engine.play
        return await self._player.begin(
            lambda token: play(self.channel, samples, loop=loop, gain=gain, token=token)
        )

    def stop(self) -> None:
        self._player.stop()

    def tone(self, program: tones.Program) -> asyncio.Future[bool]:
        """Send a tone. The future gives True when a program that does not repeat has
        ended, False when it was stopped or replaced; cancelling it stops the tone."""
        tone = self._commands.engine.tone
        return self._tones.begin(lambda token: tone(self.channel, program, token=token))

    def stop_tone(self) -> None:
        self._tones.stop()

    async def dial(
        self, digits: str, *, on_ms: int = 80, off_ms: int = 80, level_dbm0: float = -9.0
    ) -> bool:
        """Send DTMF; True when all of it was sent. Raises ValueError for what is no digit."""
        programs = [
            tones.Program.dtmf(part, on_ms=on_ms, off_ms=off_ms, level_dbm0=level_dbm0)
            for part in _parts(digits)
        ]
        for program in programs:
            if not await self.tone(program):
                return False
        return True

    async def send_caller_id(
        self,
        octets: bytes,
        *,
        modem: str = "bell202",
        level_dbm0: float = -13.5,
        seizure_bits: int = 300,
        mark_bits: int = 180,
    ) -> bool:
        """Send a caller ID message (dsp_ext.callerid makes it); it takes the player's turn.

        True when all of it was sent; False when it was stopped, replaced or reset. During a call
        there is no seizure and a mark of 80 bits. Raises ValueError for what cannot be sent.
        """
        return await self.play(
            sound(
                octets,
                modem,
                level_dbm0=level_dbm0,
                seizure_bits=seizure_bits,
                mark_bits=mark_bits,
            )
        )

    # ---- hearing

    @property
    def level_dbm0(self) -> float:
        """What is received, smoothed."""
        return float(self._commands.engine.levels()[self.channel])

    @property
    def echo_figures(self) -> dict[str, float] | None:
        """What the echo canceller knows of the line, as `Engine.echo_of`; None without one on."""
        return dict(found) if (found := self._commands.engine.echo_of(self.channel)) else None

    def detect(self, on: bool = True) -> None:
        """Hear DTMF digits on this channel, or no longer."""
        self.detecting = on
        self._commands.send(partial(self._commands.engine.detect, self.channel, on))

    def on_digit(self, listener: OnDigit) -> Callable[[], None]:
        """Call `listener` when a digit begins and again when it ends; gives the undo.

        The second event is the one with a `duration_ms`. `reset()` forgets all listeners.
        """
        return self._digit_listeners.add(listener)

    async def digit(self, timeout_s: float | None = None) -> str | None:
        """The next digit keyed, also ahead of time; None after `timeout_s`."""
        return await self.digits.get(timeout_s)

    def heard(self, event: DigitEvent) -> None:
        """From the session: a digit began or ended."""
        if event.duration_ms is None:
            self.digits.put(event.digit)
        self._digit_listeners.tell(event)

    def echo(self, on: bool = True, *, suppress: bool = True, freeze: bool = False) -> None:
        """Take the echo of what is sent out of what is received, or no longer.

        `suppress`: replace what the filter leaves by comfort noise. `freeze`: let it learn no more.
        Raises MediaError when the engine has no canceller left.
        """
        echo = self._commands.engine.echo
        self._commands.send(partial(echo, self.channel, on, nlp=suppress, freeze=freeze))

    def progress(
        self, plan: str | None, *, learn: bool = True, known: BusyTone | None = None
    ) -> None:
        """Hear the tones of a plan, voice, fax and modem; None: no longer.

        `learn`: an unknown steady cadence is taken for busy; `known`: one that was learned before.
        Raises MediaError when the engine does not know the plan or has no detector left, or when
        `known` is none that a detector of this plan learns.
        """
        progress = self._commands.engine.progress
        self._commands.send(partial(progress, self.channel, plan, learn=learn, known=known))

    def on_tone(self, listener: OnTone) -> Callable[[], None]:
        """Call `listener` when a tone is sure and again when it is over; gives the undo.

        `reset()` forgets all listeners.
        """
        return self._tone_listeners.add(listener)

    def on_busy(self, listener: OnBusy) -> Callable[[], None]:
        """Call `listener` when a busy tone that the plan does not know has been learned; gives the
        undo. `reset()` forgets all listeners."""
        return self._busy_listeners.add(listener)

    def heard_busy(self, tone: BusyTone) -> None:
        """From the session: a busy tone was learned."""
        self._busy_listeners.tell(tone)

    def heard_tone(self, event: ToneEvent) -> None:
        """From the session: a tone began or ended."""
        self._tone_listeners.tell(event)

    def caller_id(self, modem: str | None) -> None:
        """Hear caller ID by FSK, "bell202" or "v23"; None: no longer, and the slot is free.

        Raises MediaError when the engine does not have that modem or has no receiver left.
        """
        self._commands.send(partial(self._commands.engine.caller_id, self.channel, modem))

    def on_caller_id(self, listener: OnCallerId) -> Callable[[], None]:
        """Call `listener` when a message has ended, good or not; gives the undo.

        `reset()` forgets all listeners.
        """
        return self._caller_id_listeners.add(listener)

    def heard_caller_id(self, event: CallerIdEvent) -> None:
        """From the session: a message ended."""
        self._caller_id_listeners.tell(event)

    def voice(self, on: bool = True) -> None:
        """Hear whether somebody speaks, or no longer, and the slot is free.

        Raises MediaError when the engine has no detector left.
        """
        self._commands.send(partial(self._commands.engine.voice, self.channel, on))

    def keep(self) -> None:
        """Have the channel's audio come by us whatever happens, until the reset: its level is
        watched, and a driver that joins two channels may keep what they say to itself."""
        self._commands.send(partial(self._commands.engine.keep, self.channel))

    def on_voice(self, listener: OnVoice) -> Callable[[], None]:
        """Call `listener` when speech begins and when it has paused; gives the undo.

        `reset()` forgets all listeners.
        """
        return self._voice_listeners.add(listener)

    def heard_voice(self, event: VoiceEvent) -> None:
        """From the session: speech began or paused."""
        self._voice_listeners.tell(event)

    def whisper(self, to: MediaPort | None, *, gain: float = 1.0) -> None:
        """Be heard by `to` alone, besides all that `to` hears anyway; None: by nobody.

        Leaving a bridge ends it. Raises MediaError for `to` being this port.
        """
        whom = None if to is None else to.channel
        self._commands.send(partial(self._commands.engine.whisper, self.channel, whom, gain=gain))

    def apart(self, on: bool) -> None:
        """Neither hear nor be heard in the bridge, whichever it is, until it is off again."""
        self.is_apart = on
        if self.bridge is not None:
            self.bridge.renew(self)

    # ---- taps

    def tap(self, ring: Any, mode: str = "both") -> asyncio.Future[None]:
        """Copy octets as on the line into `ring` ("both" is received, sent, received, …).

        The future is done when the engine has begun; nobody need wait for it.
        """
        return self._commands.acked(
            partial(self._commands.engine.tap, self.channel, ring, mode=mode)
        )

    def untap(self, ring: Any) -> asyncio.Future[None]:
        """Stop copying; when the future is done the engine writes to `ring` no more."""
        return self._commands.acked(partial(self._commands.engine.untap, self.channel, ring))

    def feed(self, ring: Any, *, octets: bool = False) -> asyncio.Future[None]:
        """Add int16 samples out of `ring` to what is sent; or send its octets in place of all."""
        feed = self._commands.engine.feed
        return self._commands.acked(partial(feed, self.channel, ring, octets=octets))

    def unfeed(self) -> asyncio.Future[None]:
        return self._commands.acked(partial(self._commands.engine.unfeed, self.channel))

    # ---- the end

    def reset(self) -> asyncio.Future[None]:
        """Everything off: player, tones, bridge, taps, detectors, echo, listeners, digits kept."""
        self._player.forget()
        self._tones.forget()
        if self.bridge is not None:
            self.bridge.forget(self)
        self._digit_listeners.clear()
        self._tone_listeners.clear()
        self._busy_listeners.clear()
        self._caller_id_listeners.clear()
        self._voice_listeners.clear()
        self.digits.clear()
        self.detecting = self.is_apart = False
        done = self._commands.acked(partial(self._commands.engine.reset, self.channel))
        if self._holder is not None:
            self._holder()
        return done


def _parts(digits: str) -> Iterator[str]:
    for start in range(0, len(digits), _DIGITS_A_PROGRAM):
        yield digits[start : start + _DIGITS_A_PROGRAM]
