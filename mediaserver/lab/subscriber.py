"""A simulated subscriber: does the steps of a scenario on one leg and judges each.

The leg is the far end's own: the exchange's side of an E1, an extension of a
PBX, or a telephone. What a step cannot do or does not get is a failed verdict,
and the steps after it are not done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from drivers.base import DriverError, SpanKind
from dsp_ext import tone_plan
from dsp_ext.tone import ToneGenerator
from mediaserver.call.leg import Leg, LegState
from mediaserver.clock import Clock
from mediaserver.config.settings import Settings
from mediaserver.lab.display import WaitingDisplay
from mediaserver.lab.ear import LOOK_S, MATCH, RATE, Ear, Pcm, correlate, piece_of
from mediaserver.lab.scenario import Step
from mediaserver.media.errors import MediaError
from mediaserver.media.music import Music
from mediaserver.media.prompt import Prompt
from mediaserver.media.prompts import PromptError

#: How much of the music around where it is now is searched for what is heard.
MUSIC_AROUND_MS = 6000
#: Tones share their frequency, so that only their cadence tells them apart: a tone without
#: breaks correlates with one that is half silence at 0.71.
TONE_MATCH = 0.85
TONE_S = 1.6
#: A dial's break, make, and pause between digits.
PULSE_MS = (60, 40, 600)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one step went as scripted; `at_ms` is media time of its end."""

    who: str
    step: str
    ok: bool
    at_ms: int
    detail: str = ""


class Sounds(Protocol):
    """Where subscribers' sounds come from."""

    async def load(self, name: str, language: str = "") -> Prompt: ...

    async def load_music(self, directory: str = "") -> Music: ...


class StepFailed(Exception):
    """The step did not go as scripted; the text says what happened instead."""


class FarEndCleared(StepFailed):
    """The call was over before the step was."""


class Subscriber:
    """`verdicts` grows as steps are done; `said` holds what was spoken, in order."""

    def __init__(self, name: str, sounds: Sounds, clock: Clock, settings: Settings) -> None:
        self.name = name
        self.leg: Leg | None = None
        self.partner: Subscriber | None = None  # who answered, once somebody has
        self.verdicts: list[Verdict] = []
        self.said: list[Prompt] = []
        self._sounds = sounds
        self._clock = clock
        self._settings = settings
        self._law = settings.media.law
        self._plan = settings.media.tone_plan
        self._ear: Ear | None = None

    def take(self, leg: Leg) -> None:
        """The leg to act on; from now on the subscriber hears what comes over it."""
        self.leg = leg
        self._ear = Ear(leg.media, self._law)

    def judge(self, step: str, ok: bool, detail: str = "") -> None:
        self.verdicts.append(Verdict(self.name, step, ok, self._clock.media_ms(), detail))

    def close(self) -> None:
        if self._ear is not None:
            self._ear.close()

    async def act(self, steps: tuple[Step, ...]) -> bool:
        """Do `steps`; whether all went as scripted. A failed subscriber hangs up."""
        for step in steps:
            try:
                detail = await self._do(step)
            except FarEndCleared as cleared:
                self.judge(str(step), step.may_clear, str(cleared))
                return step.may_clear
            except (StepFailed, PromptError, MediaError, DriverError) as failure:
                self.judge(str(step), False, str(failure))
                if self.leg is not None:
                    self.leg.clear()
                return False
            self.judge(str(step), True, detail)
        return True

    async def _do(self, step: Step) -> str:
        if step.expect:
            return await self._expect(step)
        if step.hang_up:
            self._leg.clear(step.cause or 16)
            return ""
        if step.wait_s is not None:
            return await self._while_up(self._wait(step.wait_s))
        if step.say:
            return await self._while_up(self._say(step.say))
        if step.key:
            return await self._while_up(self._key(step.key))
        if step.pulse or step.flash:
            return await self._while_up(self._work_hook(step.pulse))
        if step.shows:
            return await self._while_up(self._shows(step.shows, step.within_s))
        if step.digits:
            return self._send_digits(step.digits)
        if step.unheard:
            return await self._while_up(self._unheard(step.unheard))
        return await self._while_up(self._hear(step))

    # ---- steps

    async def _expect(self, step: Step) -> str:
        wanted = {
            "alerting": (LegState.ALERTING, LegState.CONNECTED),
            "answered": (LegState.CONNECTED,),
            "released": (LegState.CLEARING, LegState.RELEASED),
        }[step.expect]
        gone = (LegState.CLEARING, LegState.RELEASED)
        try:
            async with asyncio.timeout(step.within_s):
                state = await self._leg.wait(*wanted, *gone)
        except TimeoutError:
            raise StepFailed(f"still {self._leg.state.value} after {step.within_s:g} s") from None
        if state not in wanted:
            raise StepFailed(f"cleared with cause {self._leg.cause}")
        if step.cause is not None and self._leg.cause != step.cause:
            raise StepFailed(f"cleared with cause {self._leg.cause}, expected {step.cause}")
        return f"cause {self._leg.cause}" if step.expect == "released" else ""

    async def _wait(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return ""

    async def _say(self, name: str) -> str:
        prompt = await self._sounds.load(name)
        self.said.append(prompt)
        if not await self._leg.media.play(prompt):
            raise FarEndCleared(f"cleared with cause {self._leg.cause}")
        return f"{prompt.duration_ms / 1000:.1f} s"

    async def _key(self, keys: str) -> str:
        for part in keys.split(","):
            if part:
                await self._leg.media.dial(part)
            await asyncio.sleep(0.5 if "," in keys else 0.0)
        return ""

    async def _work_hook(self, pulses: str) -> str:
        """Break the loop of an analog line: for the pulses of a dial, or once, a flash."""
        span: Any = self._leg.signalling.span
        number = self._leg.channel.number
        if span.kind is not SpanKind.FXO:
            raise StepFailed(f"{self._leg.line} is no telephone")
        if not pulses:
            span.flash(number)
            return ""
        broken, made, pause = PULSE_MS
        span.dial_pulses(number, pulses, PULSE_MS)
        breaks = sum(int(digit) or 10 for digit in pulses)
        await asyncio.sleep((breaks * (broken + made) + len(pulses) * pause) / 1000)
        return ""

    def _send_digits(self, digits: str) -> str:
        leg = self._leg
        try:
            leg.signalling.information(leg.ref or 0, digits)
        except DriverError as error:
            raise StepFailed(str(error)) from None
        return ""

    async def _hear(self, step: Step) -> str:
        assert self._ear is not None
        if step.hear == "silence":
            if not await self._ear.silence(step.within_s):
                raise StepFailed("there was sound")
            return ""
        if step.hear == "sound":
            if not await self._ear.sound(step.within_s):
                raise StepFailed(f"silence for {step.within_s:g} s")
            return ""
        if step.hear == "music":
            return await self._hear_music(step.within_s)
        if step.hear == "partner":
            await self._partner_speaks(step.within_s)
        piece, enough = await self._expected(step.hear)
        found = await self._ear.find(piece, enough, step.within_s)
        self._ear.mark()
        if found < enough:
            raise StepFailed(f"not heard within {step.within_s:g} s (correlation {found:.2f})")
        return f"correlation {found:.2f}"

    async def _unheard(self, name: str) -> str:
        assert self._ear is not None
        piece, enough = await self._expected(name)
        found = correlate(self._ear.heard(), piece)
        if found >= enough:
            raise StepFailed(f"it was heard (correlation {found:.2f})")
        return f"correlation {found:.2f}"

    async def _shows(self, wanted: str, within_s: float) -> str:
        display = WaitingDisplay(self._leg, self._settings)
        try:
            async with asyncio.timeout(within_s):
                await display.watch()
        except TimeoutError:
            raise StepFailed(f"no message, {display.alerts} alerts answered") from None
        if display.shows != wanted:
            raise StepFailed(f"it shows {display.shows}")
        return ""

    async def _hear_music(self, within_s: float) -> str:
        """Music as it is where its common round is now."""
        assert self._ear is not None
        music = await self._sounds.load_music()

        def around() -> Pcm:
            start = self._clock.media_ms() - MUSIC_AROUND_MS // 2
            return music.at(start).samples[: MUSIC_AROUND_MS * RATE // 1000].astype(np.float32)

        found = await self._ear.follow(around, within_s)
        if found < MATCH:
            raise StepFailed(f"not heard within {within_s:g} s (correlation {found:.2f})")
        return f"correlation {found:.2f}"

    async def _partner_speaks(self, within_s: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while self.partner is None or not self.partner.said:
            if loop.time() >= end:
                who = "nobody is known to have answered" if self.partner is None else "nobody spoke"
                raise StepFailed(f"{who} within {within_s:g} s")
            await asyncio.sleep(LOOK_S)

    async def _expected(self, name: str) -> tuple[Pcm, float]:
        """What to look for, and the correlation that is enough: a second of a prompt, or a
        cadence of a tone."""
        if name == "partner" and self.partner is not None:
            return piece_of(self.partner.said[0].samples), MATCH
        if name.startswith("tone:"):
            return _tone(self._plan, name.removeprefix("tone:")), TONE_MATCH
        return piece_of((await self._sounds.load(name)).samples), MATCH

    # ---- inside

    @property
    def _leg(self) -> Leg:
        if self.leg is None:
            raise StepFailed("there is no call")
        return self.leg

    async def _while_up(self, work: Awaitable[Any]) -> Any:
        """`work`, unless the far end clears first."""
        leg = self._leg
        task = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(leg.wait(LegState.CLEARING, LegState.RELEASED))
        try:
            await asyncio.wait([task, gone], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise FarEndCleared(f"cleared with cause {leg.cause}")
        finally:
            gone.cancel()
            if not task.done():
                task.cancel()


def _tone(plan: str, name: str) -> Pcm:
    """A plan's tone from its beginning, long enough to tell one cadence from another."""
    generator = ToneGenerator(1)
    generator.start(0, tone_plan.program(plan, name))
    blocks = [generator.process(RATE // 100)[:, 0] for _ in range(int(TONE_S * 100))]
    return np.concatenate(blocks).astype(np.float32)
