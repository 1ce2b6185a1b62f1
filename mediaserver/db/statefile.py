"""A small thing the server knows over restarts, as one JSON file of the data directory.

What: `StateFile` reads it once and writes the newest value, whole or not at all. How: a worker
thread writes and syncs; what changes meanwhile is written next, the newest alone.
Limits: a file that cannot be read is as none, and logged; one that cannot be written is logged, and
the server goes on with what it knows.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class StateFile:
    """`path` None: nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._writing: asyncio.Future[None] | None = None
        self._next: str | None = None

    def read(self) -> Any:
        """What was saved last; None where there is nothing that can be read."""
        if self._path is None:
            return None
        try:
            return json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            log.error("%s cannot be read, and is begun anew: %s", self._path, error)
            return None

    def save(self, value: Any) -> None:
        """Write `value` soon."""
        if self._path is None:
            return
        self._next = json.dumps(value)
        if self._writing is None:
            self._write(self._path)

    async def close(self) -> None:
        """Until all is written."""
        while self._writing is not None:
            await asyncio.wait([self._writing])

    def _write(self, path: Path) -> None:
        text, self._next = self._next, None
        assert text is not None
        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(None, _replace, path, text)
        self._writing.add_done_callback(self._written)

    def _written(self, done: asyncio.Future[None]) -> None:
        self._writing = None
        assert self._path is not None
        if not done.cancelled() and (error := done.exception()) is not None:
            log.error("%s is not kept: %s", self._path, error)
        if self._next is not None:
            self._write(self._path)


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
