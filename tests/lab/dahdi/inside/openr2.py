"""libopenr2's own program as the far end of R2 circuits: it answers and calls, and echoes audio.

A channel that answers does so at once; one that calls does so once, as soon as we are idle, and
never hangs up.  What it says goes to a file, line by line.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: What its file says of all groups; -1: the library's own time.
COMMON = (
    "loglevel=error,warning,cas,mf",
    "maxdnis=4",
    "mfthreshold=0",
    "mfbacktimeout=-1",
    "meteringpulsetimeout=-1",
)
#: The number that DAHDI gives the first timeslot of the far span (../system.conf).
FIRST = 156


@dataclass(frozen=True, slots=True)
class Group:
    """Timeslots of one variant that all call or all answer. `more`: other lines of its file."""

    variant: str
    slots: range
    calls: bool
    called: str = ""
    calling: str = ""
    more: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        first, last = FIRST - 1 + self.slots[0], FIRST - 1 + self.slots[-1]
        return [
            f"variant={self.variant}",
            f"caller={'yes' if self.calls else 'no'}",
            *([f"dnid={self.called}", f"cid={self.calling}"] if self.calls else []),
            *self.more,
            f"channel={first}-{last}",
        ]


class FarEnd:
    """What the program has said so far."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def says(self, words: str) -> int:
        """How many of its lines hold `words`."""
        return sum(words in line for line in self.text().splitlines())

    def text(self) -> str:
        return self._log.read_text(errors="replace")


@contextmanager
def far_end(groups: list[Group], directory: Path) -> Iterator[FarEnd]:
    """The program, on its circuits until the end of the block."""
    file, log = directory / "r2test.conf", directory / "r2test.log"
    lines = [*COMMON, *(line for group in groups for line in group.lines())]
    file.write_text("".join(f"{line}\n" for line in lines))
    program = Path(os.environ["LAB_OPENR2"]) / "usr/bin/r2test"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["stdbuf", "-oL", program, "-c", file],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            yield FarEnd(log)
        finally:
            process.kill()
            process.wait()
