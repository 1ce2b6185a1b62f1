"""Where rows wait while the database cannot be reached: lines on the local disk.

Form: one write a line, `CRC32 JSON`, the checksum in 8 hex digits over the
JSON octets. A write is durable once `append` returns: the line is whole, and
fsync has passed. Lines go to the last of a series of segments (`journal.jsonl`,
`journal.jsonl.1`, …); a new one is begun when fsync fails, because the kernel
may have dropped the pages and a second fsync would lie. A torn last line was
never acknowledged and is skipped; a bad line elsewhere is skipped and kept aside.

Used from one thread at a time.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediaserver.db.rows import Upsert, from_json, to_json

log = logging.getLogger(__name__)
Write = Sequence[Upsert]


class JournalError(Exception):
    """The journal could not make a write durable."""


@dataclass(slots=True)
class _Segment:
    path: Path
    end: int = 0  # octets that are whole lines, and durable
    damaged: int = 0  # lines among them that cannot be used


class Journal:
    """The journal at `path`. Opening it reads it through: `waiting` lines, `damaged` of them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1  # of the last segment, once this process has begun one
        self._segments = [_Segment(found) for found in self._found()]
        self._number = _number(self._segments[-1].path) + 1 if self._segments else 0
        self._at = (0, 0)  # segment and octet of the oldest line that waits
        self._next = (0, 0)  # the same after what `first` gave is forgotten
        self._given = 0  # lines from _at to _next
        self.waiting = sum(self._scan(segment) for segment in self._segments)
        self.damaged = sum(segment.damaged for segment in self._segments)

    def append(self, writes: Sequence[Write]) -> None:
        """Make `writes` durable, in order, with one fsync for all of them.

        Raises JournalError when none of them is durable now.
        """
        block = b"".join(_line(write) for write in writes)
        try:
            if self._fd < 0:
                self._open()
            self._write(block)
        except OSError as error:
            raise JournalError(f"{self.path}: {error.strerror}") from error
        self.waiting += len(writes)

    def first(self, count: int) -> list[Write]:
        """The oldest writes that wait, at most `count`."""
        number, offset = self._at
        out: list[Write] = []
        self._given = 0
        while number < len(self._segments):
            for line in _lines(self._segments[number], offset):
                if self._given == count:
                    break
                offset += len(line)
                self._given += 1
                write = _parse(line)
                if write is not None:
                    out.append(write)
            if self._given == count or number + 1 == len(self._segments):
                break  # the last segment may grow: the place stays at its end
            number, offset = number + 1, 0
        self._next = (number, offset)
        return out

    def forget(self) -> None:
        """What `first` gave last is in the database. Files go when nothing waits any more.

        Until then a restart would replay it again, which changes nothing.
        """
        self._at = self._next
        self.waiting -= self._given
        self._given = 0
        if self.waiting == 0:
            self.close()
            for segment in self._segments:
                _discard(segment)
            self._segments, self._at, self._number = [], (0, 0), 0

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    # ---- writing -----------------------------------------------------------

    def _open(self) -> None:
        """Begin a segment. One already there is only read: its end may be torn."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        suffix = f".{self._number}" if self._number else ""
        path = self.path.with_name(self.path.name + suffix)
        self._number += 1  # a name is used once, whatever becomes of the file
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o600)
        self._segments.append(_Segment(path))
        directory = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        except OSError:
            self._abandon()
            raise
        finally:
            os.close(directory)

    def _write(self, block: bytes) -> None:
        segment = self._segments[-1]
        try:
            view = memoryview(block)
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError:
            self._cut(segment.end)
            raise
        try:
            os.fsync(self._fd)
        except OSError:
            self._abandon()
            raise
        segment.end += len(block)

    def _cut(self, end: int) -> None:
        """Take a part-written block off again, as on a full disk."""
        try:
            os.ftruncate(self._fd, end)
        except OSError:
            self._abandon()

    def _abandon(self) -> None:
        """Write no more to this segment; keep it if it holds lines that were acknowledged."""
        self.close()
        if self._segments[-1].end == 0:
            self._segments.pop().path.unlink(missing_ok=True)

    # ---- what a process before this one left ---------------------------------

    def _found(self) -> list[Path]:
        names = self.path.parent.glob(f"{self.path.name}*") if self.path.parent.is_dir() else ()
        return sorted((p for p in names if p == self.path or _number(p)), key=_number)

    def _scan(self, segment: _Segment) -> int:
        """Find the end of `segment`, count its damaged lines; returns its lines."""
        count = 0
        with segment.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                segment.end += len(line)
                segment.damaged += _parse(line) is None
                count += 1
        return count


def _lines(segment: _Segment, offset: int) -> Iterator[bytes]:
    with segment.path.open("rb") as file:
        file.seek(offset)
        while offset < segment.end:
            line = file.readline()
            offset += len(line)
            yield line


def _parse(line: bytes) -> Write | None:
    """The write in a line; None, and a line in the log, when it is damaged."""
    try:
        crc, data = line[:8], line[9:-1]
        if int(crc, 16) != zlib.crc32(data):
            raise ValueError("checksum does not match")
        return [from_json(row) for row in json.loads(data)]
    except (ValueError, KeyError, TypeError) as error:
        log.error("journal: a line was skipped: %s", error)
        return None


def _discard(segment: _Segment) -> None:
    """Delete a segment; one with damaged lines is kept aside for people to look at."""
    if segment.damaged:
        aside = (f"{segment.path}.damaged-{n}" for n in itertools.count(1))
        segment.path.rename(next(name for name in aside if not Path(name).exists()))
    else:
        segment.path.unlink(missing_ok=True)


def _number(path: Path) -> int:
    return int(path.suffix[1:]) if path.suffix[1:].isdecimal() else 0


def _line(write: Write) -> bytes:
    data = json.dumps([to_json(row) for row in write], ensure_ascii=False).encode()
    return b"%08x %s\n" % (zlib.crc32(data), data)
