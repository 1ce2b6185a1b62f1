"""A server with one long call in real time, to be killed: `python -m tests.app.killable DIR`.

Prints "talking" when caller and agent are connected, and talks on until killed.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mediaserver import events as ev
from mediaserver.lab import settings as lab_settings
from mediaserver.lab.plant import Plant
from mediaserver.lab.runner import Run
from mediaserver.lab.scenario import Answerer, Caller, Scenario, Step

SAYS = tuple(Step(say="vm-intro") for _ in range(20))


async def main(directory: Path) -> None:
    plant = Plant(lab_settings.make(directory))
    await plant.start(cti=False)
    await plant.lines_up()
    plant.bus.subscribe(ev.Bridged, lambda _: print("talking", flush=True))
    steps = (Step(expect="answered"), Step(wait_s=3.5), Step(key="1"), Step(wait_s=4), *SAYS)
    anna = Caller(name="anna", line="E1-1", number="1", to="668800", steps=steps)
    alice = Answerer(name="alice", line="FXS-1/1", ring_s=0.5, steps=SAYS)
    await Run(plant, Scenario(title="t", caller=(anna,), answerer=(alice,))).perform()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
