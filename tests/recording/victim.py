"""Records a call in real time until it is killed; says how far the line has come.

python -m tests.recording.victim DIRECTORY
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import numpy as np

from dsp_ext.engine import Engine
from dsp_ext.port import Wire
from mediaserver.bus import Bus
from mediaserver.clock import Clock
from mediaserver.config.settings import Recording as Settings
from mediaserver.media.clockwork import RealTime
from mediaserver.media.session import MediaSession
from mediaserver.recording.recorder import Recorder

#: What the far end says, over and over.
SAID = (1000 + np.arange(500) * 40).astype(np.int16)


async def main(directory: Path) -> None:
    wire = Wire(1)
    engines = [Engine(1), Engine(1)]
    engines[0].attach(0, wire.a)
    engines[1].attach(0, wire.b)
    clock = Clock(asyncio.get_running_loop())
    near, far = (MediaSession(engine, clock) for engine in engines)
    clockwork = RealTime([near, far], priority=0)
    clockwork.start()
    settings = Settings(directory=directory, min_free_percent=0)
    recorder = Recorder(settings, near, Bus(), clock)
    recorder.open()
    recording = recorder.start("C1", near.port(0))
    assert recording is not None
    began = engines[0].samples
    print(recording.path, flush=True)
    talking = asyncio.create_task(far.port(0).play(SAID, loop=True))
    for _ in range(600):  # half a minute, should nobody kill it
        await asyncio.sleep(0.05)
        print((engines[0].samples - began) // 8, flush=True)
    talking.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
