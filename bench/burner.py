"""A process that takes a share of one core away from all with less priority.

What: burns `share` of every `PERIOD_S`, in real time, so that a real-time thread on the same core
has the rest; shares come as lines of whole per cent on its standard input.
Limits: it ends when its input does, and after `MOST_S` in any case; what it takes is at most
`MOST_PERCENT`, so that the core is never lost.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PERIOD_S = 0.002  # short beside a block, so that a tick meets its share and not its turn
MOST_PERCENT = 94
MOST_S = 180.0


class Burner:
    """Takes nothing until it is told to.  PermissionError without the right to real time."""

    def __init__(self, core: int, priority: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.burner", str(core), str(priority)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "ready\n":
            self.close()
            raise PermissionError("no process may have real-time priority")

    def take(self, percent: int) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{percent}\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End it; it has ended when this returns."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


def _asked(share: float) -> float | None:
    """The share to take from now on, None when nobody asks any more."""
    while select.select([0], [], [], 0)[0]:
        line = os.read(0, 4096).decode().split()
        if not line:
            return None
        share = min(int(line[-1]), MOST_PERCENT) / 100
    return share


def main(core: int, priority: int) -> None:
    """Burn what is asked for on `core`.  PermissionError without the right to real time."""
    os.sched_setaffinity(0, {core})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    print("ready", flush=True)
    share = _asked(0.0)
    began = due = time.monotonic()
    while share is not None and due < began + MOST_S:
        until = due + share * PERIOD_S
        while time.monotonic() < until:
            pass
        due = max(due + PERIOD_S, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
        share = _asked(share)


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
    except PermissionError as error:
        sys.exit(f"burner: {error}")
