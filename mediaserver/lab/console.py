"""The console beside the demo: `mediaserver web` as a process of its own, on loopback."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from mediaserver.config.settings import Settings
from mediaserver.lab import settings as lab_settings

STOP_S = 5.0
UP_S = 15.0


class ConsoleFailed(Exception):
    """The console did not come up; the text holds what it said."""


class ConsoleProcess:
    """Made of the plant's settings; its output goes to console.log in the data directory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._log = settings.server.data_dir / "console.log"

    async def start(self) -> None:
        """Start it and wait until it listens. Raises ConsoleFailed."""
        config = self._write_config()
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "mediaserver",
                "web",
                "--config",
                str(config),
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to hand on
                env={**os.environ, "PYTHONUTF8": "1"},
            )
        await self._listening()

    @property
    def pid(self) -> int:
        """The console's process; 0 before `start`."""
        return self._process.pid if self._process is not None else 0

    def _write_config(self) -> Path:
        """The demo's file with this run's ports, where the console can read it."""
        web, cti = self._settings.web, self._settings.cti
        path = self._settings.server.data_dir / "demo.toml"
        ports = f"\n[web]\nport = {web.port}\n\n[cti]\nport = {cti.port}\n"
        text = lab_settings.demo_text().replace('data_dir = "var/demo"', 'data_dir = "."')
        path.write_text(text + ports, encoding="utf-8")
        return path

    async def _listening(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + UP_S
        while True:
            try:
                _, writer = await asyncio.open_connection(
                    self._settings.web.host, self._settings.web.port
                )
            except OSError:
                if self._process is None or self._process.returncode is not None:
                    raise ConsoleFailed(self._said()) from None
                if loop.time() >= end:
                    raise ConsoleFailed(f"it does not listen after {UP_S:g} s") from None
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:].strip()

    async def stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
