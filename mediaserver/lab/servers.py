"""Further servers of a scenario: `mediaserver run`, each a process of its own, on loopback.

Each has a directory of its own under the performance's, with its configuration file and its log.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mediaserver.config.toml_text import to_toml

STOP_S = 40.0  # a server clears its calls and closes its recordings first
SAID = 2000  # characters of a log that are told


class ServerProcesses:
    """`settings` : each server's, by its name, as data."""

    def __init__(self, settings: Mapping[str, dict[str, Any]], directory: Path) -> None:
        self._settings = settings
        self._directory = directory
        self._running: dict[str, asyncio.subprocess.Process] = {}

    async def start(self) -> None:
        """All of them; they are not waited for, as their lines tell when they are there."""
        for name, settings in self._settings.items():
            place = self._directory / name
            place.mkdir(parents=True, exist_ok=True)
            config = place / "mediaserver.toml"
            config.write_text(to_toml(settings), encoding="utf-8")
            with self._log(name).open("wb") as log:
                self._running[name] = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "mediaserver",
                    "run",
                    "--config",
                    str(config),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is ours to hand on
                    env={**os.environ, "PYTHONUTF8": "1"},
                )

    async def stop(self) -> dict[str, str]:
        """End all; by name, "" or what went wrong, with the end of its log."""
        running, self._running = self._running, {}
        early = {name for name, process in running.items() if process.returncode is not None}
        for name in running.keys() - early:
            running[name].terminate()
        return {
            name: await self._ended(name, process, name in early)
            for name, process in running.items()
        }

    async def _ended(self, name: str, process: asyncio.subprocess.Process, early: bool) -> str:
        try:
            async with asyncio.timeout(STOP_S):
                code = await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            return f"did not end within {STOP_S:g} s"
        if early or code:
            said = self._log(name).read_text(encoding="utf-8", errors="replace")[-SAID:].strip()
            return f"ended {'by itself, ' if early else ''}with exit status {code}: {said}"
        return ""

    def _log(self, name: str) -> Path:
        return self._directory / name / "server.log"
