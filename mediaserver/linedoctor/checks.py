"""Checks of single channels: started, looked at while they run, kept for a while after.

What: `start` gives a run's number at once; a run does its checks one after another on one channel
and keeps each verdict. A check that fails says so in its verdict, and the next goes on.
How: a task a run; a channel has one run at a time. The last `KEPT` runs can be looked back on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from drivers.said import Said
from mediaserver.call.lines import Lines, NoChannel, Slot
from mediaserver.clock import Clock
from mediaserver.linedoctor.kinds import CHECKS, Check, Wanted
from mediaserver.linedoctor.place import Place, in_service, taken
from mediaserver.linedoctor.say import say
from mediaserver.linedoctor.verdict import CannotCheck, Verdict
from mediaserver.linedoctor.words import BAD, worst
from mediaserver.media.busytone import BusyTones
from mediaserver.media.session import MediaError, MediaSession

log = logging.getLogger(__name__)

KEPT = 50


class NoLine(Exception):
    """There is no such span or channel."""


class NoRun(Exception):
    """There is no run of that number (any more)."""


@dataclass(slots=True)
class Run:
    """One channel's checks. state : "running", "done", "failed" or "stopped"."""

    number: int
    line: str
    by: str
    wanted: Wanted
    checks: tuple[str, ...]
    begun: datetime
    state: str = "running"
    now: str = ""
    error: Said | None = None
    advice: Said | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    task: asyncio.Task[None] | None = None

    def as_data(self) -> dict[str, Any]:
        """For CTI and JSON."""
        return {
            "id": self.number,
            "line": self.line,
            "by": self.by,
            "state": self.state,
            "checks": list(self.checks),
            "now": self.now,
            "begun_utc": self.begun.isoformat(),
            "error": str(self.error or ""),
            "todo": str(self.advice or ""),
            "said": self.error.as_data() if self.error else None,
            "advice": self.advice.as_data() if self.advice else None,
            "verdict": worst(self.verdicts),
            "verdicts": [each.as_data() for each in self.verdicts],
        }


class LineChecks:
    """All runs of one server."""

    def __init__(
        self, lines: Lines, session: MediaSession, clock: Clock, plan: str, busy: BusyTones
    ) -> None:
        self._lines = lines
        self._session = session
        self._clock = clock
        self._plan = plan
        self._busy = busy
        self._runs: dict[int, Run] = {}
        self._made = 0

    def start(self, line: str, checks: Sequence[str], wanted: Wanted, by: str) -> Run:
        """Begin. Raises NoLine; CannotCheck for what is no check, or while another runs there."""
        slot = self._slot(line)
        unknown = [name for name in checks if name not in CHECKS]
        if unknown or not checks:
            none, some = ", ".join(unknown), ", ".join(CHECKS)
            raise CannotCheck(
                say("check.unknown", names=repr(none)), say("check.unknown.do", names=some)
            )
        if any(run.line == line and run.state == "running" for run in self._runs.values()):
            raise CannotCheck(say("check.twice", line=line), say("check.twice.do"))
        if wanted.far:
            self._slot(wanted.far)
        self._made += 1
        run = Run(self._made, line, by, wanted, tuple(checks), self._clock.utc())
        self._runs[run.number] = run
        for old in [n for n in self._runs if n <= self._made - KEPT]:
            if self._runs[old].state != "running":
                del self._runs[old]
        log.info("%s: checks %s begun by %s", line, ", ".join(checks), by)
        run.task = asyncio.ensure_future(self._perform(run, slot))
        return run

    def run(self, number: int) -> Run:
        """Raises NoRun."""
        try:
            return self._runs[number]
        except KeyError:
            raise NoRun(f"there is no check {number}") from None

    def runs(self) -> list[Run]:
        """Those kept, oldest first."""
        return list(self._runs.values())

    async def stop(self, number: int, by: str) -> Run:
        """End a run; its channel is back in service then. Raises NoRun."""
        run = self.run(number)
        if run.state == "running" and run.task is not None:
            log.info("%s: checks stopped by %s", run.line, by)
            run.task.cancel()
            await asyncio.wait([run.task])
        return run

    async def close(self) -> None:
        """End all."""
        for run in self.runs():
            await self.stop(run.number, "system")

    def _slot(self, line: str) -> Slot:
        try:
            return self._lines.slot(line)
        except NoChannel:
            raise NoLine(f"there is no channel {line!r}") from None

    # ---- one run

    async def _perform(self, run: Run, slot: Slot) -> None:
        try:
            async with AsyncExitStack() as stack:
                place = await self._place(run, slot, stack)
                for name in run.checks:
                    run.now = name
                    run.verdicts.append(await self._one(CHECKS[name], place, run.wanted))
            run.state = "done"
        except CannotCheck as error:
            run.state, run.error, run.advice = "failed", error.said, error.advice
        except asyncio.CancelledError:
            run.state = "stopped"
            raise
        except Exception:
            log.exception("%s: checks failed", run.line)
            run.state, run.error = "failed", say("fault")
        finally:
            run.now = ""
            log.info("%s: checks %s: %s", run.line, run.state, _summary(run))

    async def _place(self, run: Run, slot: Slot, stack: AsyncExitStack) -> Place:
        if not any(CHECKS[name].takes for name in run.checks):
            place = await stack.enter_async_context(in_service(slot, self._session))
            return replace(place, plan=self._plan)
        wanted = run.wanted
        hold = taken(self._lines, self._session, slot, number=wanted.number, force=wanted.force)
        place = await stack.enter_async_context(hold)
        far = None
        if wanted.far:
            hold = taken(self._lines, self._session, self._slot(wanted.far), force=wanted.force)
            far = await stack.enter_async_context(hold)
        return replace(place, far=far, plan=self._plan, busy=self._busy)

    async def _one(self, check: Check, place: Place, wanted: Wanted) -> Verdict:
        try:
            place.standing()
            return await check.work(place, wanted)
        except CannotCheck as error:
            return Verdict(check.name, BAD, say("not", why=error.said), error.advice)
        except MediaError as error:
            return Verdict(check.name, BAD, say("not", why=say("media", why=str(error))))


def _summary(run: Run) -> str:
    told: Mapping[str, str] = {each.check: each.state for each in run.verdicts}
    return str(run.error or "") or ", ".join(f"{name} {state}" for name, state in told.items())
