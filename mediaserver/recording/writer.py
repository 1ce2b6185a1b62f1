"""The one writer of all recordings: rings in, files out.

What: `service()` empties every ring into its file. In real time a thread of its
own calls it four times a second; in virtual time the control loop does.
How: a ring holds more than 16 s, so a disk that stands still for 10 s loses
nothing; what a full ring did refuse becomes silence of the same length at the
place where it is missing. Limits: one stuck disk delays all recordings alike.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from mediaserver.recording.tape import Tape

log = logging.getLogger(__name__)

PERIOD_S = 0.25


class Outcome(Enum):
    """What became of a track; after all but OPENED the writer has done with it."""

    OPENED = "opened"
    CLOSED = "closed"
    FULL = "full"  # closed, because it reached the longest allowed
    FAILED = "failed"


@dataclass(eq=False)
class Track:
    """One recording between the control loop and the writer.

    The loop sets `stopping` once nothing more comes into `ring`; all else is the
    writer's, and the loop's to read after CLOSED, FULL or FAILED.
    """

    path: str  # relative to the root
    law: str
    ring: Any
    stopping: bool = False
    octets: int = 0
    lost: int = 0
    reason: str = ""
    tape: Tape | None = field(default=None, repr=False)
    refused: int = 0  # the ring's count when last looked at


#: Told on the writer's thread.
Report = Callable[[Track, Outcome], None]


class Writer:
    """`min_free_percent` of the disk must be free for a new file; `longest` octets a file."""

    def __init__(self, root: Path, min_free_percent: float, longest: int, report: Report) -> None:
        self.root = root
        self.min_free_percent = min_free_percent
        self._longest = longest
        self._report = report
        self._tracks: list[Track] = []

    @property
    def busy(self) -> bool:
        return bool(self._tracks)

    def add(self, track: Track) -> None:
        """From any thread."""
        self._tracks.append(track)

    def service(self) -> None:
        """Bring every file up to date; a fault of one track ends that track alone."""
        for track in tuple(self._tracks):
            try:
                outcome = self._step(track)
            except OSError as error:
                outcome = self.refuse(track, error.strerror or str(error))
            except Exception as error:
                log.exception("recording %s", track.path)
                outcome = self.refuse(track, repr(error))
            if outcome is not None:
                self._tracks.remove(track)
                self._report(track, outcome)

    def free_percent(self) -> float:
        """Of the disk the recordings are on, for us. Raises OSError."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        disk = os.statvfs(self.root)
        return 100 * disk.f_bavail / max(1, disk.f_blocks)

    # ---- one track

    def _step(self, track: Track) -> Outcome | None:
        if track.tape is None:
            short = self.short_of_space()
            if short:
                return self.refuse(track, short)
            track.tape = Tape(self.root, track.path, track.law)
            self._report(track, Outcome.OPENED)
        last = track.stopping  # read before the ring: what came before it is in there
        self._empty(track, track.tape)
        full = track.tape.octets >= self._longest
        if not (last or full):
            return None
        tape, track.tape = track.tape, None
        tape.close()
        return Outcome.CLOSED if last else Outcome.FULL

    def _empty(self, track: Track, tape: Tape) -> None:
        room = self._longest - tape.octets
        data = track.ring.read()
        # The ring was full when it refused, so what it refused belongs after its content.
        lost = track.ring.dropped - track.refused
        track.refused += lost
        try:
            tape.append(data[:room])
            tape.gap(max(0, min(lost, room - len(data))))
        finally:
            track.octets, track.lost = tape.octets, tape.lost

    def short_of_space(self) -> str:
        """Why no new recording may begin, or an empty string. Raises OSError."""
        free = self.free_percent()
        if free >= self.min_free_percent:
            return ""
        return f"{free:.1f} % of the disk is free; a recording needs {self.min_free_percent:g} %"

    def refuse(self, track: Track, reason: str) -> Outcome:
        """Give a track up; what is in its file already stays."""
        track.reason = reason
        tape, track.tape = track.tape, None
        if tape is not None:
            tape.abandon()
        return Outcome.FAILED


class WriterThread:
    """Calls `service()` every `PERIOD_S` while there is something to write."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._wake = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def join(self) -> None:
        """End once every track is done with."""
        self._ending = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while self._writer.busy or not self._ending:
            self._wake.wait(PERIOD_S if self._writer.busy else None)
            self._wake.clear()
            self._writer.service()
