"""One recording's file while it is being written.

What: sound is appended, then the header is brought up to date, so the header
never promises more than is there and a process killed at any moment leaves a
file that plays. Names are made with O_EXCL: two calls can never share a file.
Limits: one thread; every method may raise OSError.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from mediaserver.recording import wav

#: Rewrite the header when this much sound is not in it yet. A writer that comes
#: by every 250 ms so keeps the file less than one second behind.
_HEADER_AFTER = wav.SECOND * 7 // 10
_PIECE = 65_536


class Tape:
    """`octets` of sound are in the file; `lost` of them are silence in place of lost ones."""

    def __init__(self, root: Path, relative: str, law: str) -> None:
        path = root / relative
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(path, flags, 0o600)
        self._law = law
        self._in_header = 0
        self.octets = 0
        self.lost = 0
        try:
            self._write_header()
        except OSError:
            os.close(self._fd)
            path.unlink()
            raise

    def append(self, data: bytes) -> None:
        """Both directions' octets, interleaved."""
        while data:
            taken = os.pwrite(self._fd, data, wav.HEADER_OCTETS + self.octets)
            self.octets += taken
            data = data[taken:]
        if self.octets - self._in_header >= _HEADER_AFTER:
            self._write_header()

    def gap(self, octets: int) -> None:
        """Silence in place of `octets` that were lost, so that nothing after them drifts."""
        piece = wav.SILENCE[self._law] * min(octets, _PIECE)
        while octets:
            part = piece[:octets]
            self.append(part)
            self.lost += len(part)
            octets -= len(part)

    def close(self) -> None:
        """Everything is on the disk when this returns; the file is closed in any case."""
        try:
            self._write_header()
            os.fsync(self._fd)
        finally:
            os.close(self._fd)

    def abandon(self) -> None:
        """After a failed write: keep what can be kept, quietly."""
        with contextlib.suppress(OSError):
            self.close()

    def _write_header(self) -> None:
        whole = self.octets - self.octets % wav.CHANNELS
        os.pwrite(self._fd, wav.pack(wav.Header(self._law, whole)), 0)
        self._in_header = whole
