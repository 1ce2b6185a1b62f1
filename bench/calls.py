"""Suite ``calls``: what a call costs the control plane, under virtual time.

A whole plant in one process: the server on the virtual board and the exchange at the far end of its
lines, libpri at both ends, flows, queue, recorder, records in SQLite.  Two kinds of call:

*short*: set up over the E1, answered by the flow, recorded, cleared by the caller.
*full*: greeting, menu, a key found in band, queue, an agent who answers and speaks, cleared.

Calls a second counts the real time of the run, both ends and the engines' ticks included.  CPU a
call, both ends too, is the process's CPU time less that of the same plant standing idle for the
same line time: the ticks go on whether anybody calls or not.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.report import Result
from bench.suites import Options
from mediaserver.clock import VirtualLoop
from mediaserver.lab import settings as lab_settings
from mediaserver.lab.plant import Plant
from mediaserver.lab.runner import Run
from mediaserver.lab.scenario import Answerer, Caller, Scenario, Step

SHORT_EVERY_S = 0.05
FULL_EVERY_S = 0.4
KEY_AFTER_S = 4.0  # the greeting is over, the menu is being read
AGENTS = {"alice": "FXS-1/1", "bob": "FXS-1/2", "carol": "FXS-1/3", "dave": "FXS-1/4"}


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run took: real seconds, CPU seconds of the process, seconds of line time."""

    wall_s: float
    cpu_s: float
    media_s: float


def short_calls(count: int) -> Scenario:
    """Callers who hang up as soon as they are answered."""
    steps = (Step(expect="answered"), Step(wait_s=0.2), Step(hang_up=True))
    return Scenario(title="short calls", limit_s=count * 0.2 + 60, caller=_callers(count, steps))


def full_calls(count: int) -> Scenario:
    """Callers who choose in the menu, wait for an agent and are cleared by the agent."""
    steps = (
        Step(expect="answered"),
        Step(wait_s=KEY_AFTER_S),
        Step(key="1"),
        Step(expect="released", within_s=count * 4 + 60, cause=16),
    )
    answer = (Step(wait_s=1.0), Step(hang_up=True))
    return Scenario(
        title="full calls",
        limit_s=count * 4 + 120,
        settings={
            "queue": [{"name": name, "agents": list(AGENTS)} for name in ("sales", "support")]
        },
        caller=_callers(count, steps, FULL_EVERY_S),
        answerer=tuple(
            Answerer(name=name, line=line, ring_s=0.2, steps=answer)
            for name, line in AGENTS.items()
        ),
    )


def _callers(
    count: int, steps: tuple[Step, ...], every_s: float = SHORT_EVERY_S
) -> tuple[Caller, ...]:
    caller = Caller(
        name="caller",
        line="E1-1",
        number="13800000001",
        to="668800",
        count=count,
        every_s=every_s,
        steps=steps,
    )
    return (caller,)


def perform(scenario: Scenario) -> Spent:
    """Run `scenario` on a plant of its own.  RuntimeError when it does not go as scripted."""
    with (
        tempfile.TemporaryDirectory(prefix="mediaserver-bench-") as directory,
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        return runner.run(_perform(scenario, Path(directory)))


def idle(media_s: float) -> Spent:
    """The same plant, with nobody calling for `media_s`."""

    async def stand(directory: Path) -> Spent:
        plant = await _plant(Scenario(title="idle"), directory)
        before = _now(plant)
        await asyncio.sleep(media_s)
        after = _now(plant)
        await plant.stop()
        return _between(before, after)

    with (
        tempfile.TemporaryDirectory(prefix="mediaserver-bench-") as directory,
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        return runner.run(stand(Path(directory)))


async def _perform(scenario: Scenario, directory: Path) -> Spent:
    plant = await _plant(scenario, directory)
    try:
        run = Run(plant, scenario)
        before = _now(plant)
        verdicts = await run.perform()
        after = _now(plant)
    finally:
        await plant.stop()
    bad = [f"{each.who}: {each.step}: {each.detail}" for each in verdicts if not each.ok]
    if bad:
        raise RuntimeError(f"{scenario.title}: {len(bad)} steps failed, the first: {bad[0]}")
    return _between(before, after)


async def _plant(scenario: Scenario, directory: Path) -> Plant:
    plant = Plant(lab_settings.make(directory, scenario.settings))
    await plant.start(cti=False)
    if not await plant.lines_up():
        await plant.stop()
        raise RuntimeError("the lines did not come up")
    return plant


def _now(plant: Plant) -> Spent:
    return Spent(time.perf_counter(), time.process_time(), plant.clock.media_ms() / 1000)


def _between(before: Spent, after: Spent) -> Spent:
    return Spent(
        after.wall_s - before.wall_s, after.cpu_s - before.cpu_s, after.media_s - before.media_s
    )


def run(options: Options) -> list[Result]:
    """Calls a second of real time and CPU milliseconds a call, for both kinds of call."""
    results = []
    full = max(10, options.calls // 4)
    for kind, scenario, calls in (
        ("set up, answered by a flow, cleared", short_calls(options.calls), options.calls),
        ("menu, queue, agent, recording", full_calls(full), full),
    ):
        perform(scenario.model_copy(update={"caller": _few(scenario.caller)}))  # caches are warm
        spent = perform(scenario)
        still = idle(spent.media_s)
        cpu_ms = 1000 * (spent.cpu_s - still.cpu_s) / calls
        results += [
            Result("calls", kind, calls / spent.wall_s, "calls per second", "higher"),
            Result("calls", f"{kind}: CPU", cpu_ms, "ms per call", "lower"),
        ]
    return results


def _few(callers: tuple[Caller, ...]) -> tuple[Caller, ...]:
    return tuple(caller.model_copy(update={"count": 2}) for caller in callers)
