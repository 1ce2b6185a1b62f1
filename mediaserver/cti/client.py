"""A client of the CTI server, for asyncio; sync.py holds the one for threads.

It keeps one connection, comes back with a growing pause after it is lost, and
then takes up the events where they stopped; where the server no longer has them
all, a snapshot comes in their place. What a listener hears, besides the
server's event messages:

    {"event": "Snapshot", "seq": n, "snapshot": {…}}   hold this, then go on from n
    {"event": "Heartbeat", "seq": n, …}                every 5 s: the link lives
    {"event": "Disconnected"}  {"event": "Connected"}  the link was lost, is back

Nothing here needs more than the protocol: docs/cti.md is enough to write
another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mediaserver.cti.messages import VERSION, CtiError, decode, encode

log = logging.getLogger(__name__)
MAX_REPLY = 16 * 1024 * 1024
_TCP = re.compile(r"(?:tcp:)?(?P<host>[^/:]+|\[[^]]+\]):(?P<port>\d+)")


class CtiUnavailable(Exception):
    """The server cannot be reached, did not answer in time, or the link broke meanwhile."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens: a Unix socket's path, or host and port."""

    path: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, text: str | Path) -> Address:
        """ "unix:PATH", "tcp:HOST:PORT", "HOST:PORT", or a path. ValueError otherwise."""
        found = _TCP.fullmatch(str(text))
        if found and 0 < int(found["port"]) < 65536:
            return cls(host=found["host"].strip("[]"), port=int(found["port"]))
        if found or not str(text):
            raise ValueError(f"{str(text)!r} is no address: give HOST:PORT or a socket's path")
        return cls(path=str(text).removeprefix("unix:"))

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds."""

    connect_s: float = 5.0
    request_s: float = 10.0
    silence_s: float = 15.0  # three heartbeats missed: the link is dead
    retry_first_s: float = 0.2
    retry_most_s: float = 5.0


Hear = Callable[[dict[str, Any]], None]


class CtiClient:
    """One connection on an asyncio loop.

    `await start()` connects once (CtiUnavailable, CtiError) and from then on
    the client comes back by itself. `listen(hear)` before `start` subscribes:
    `hear` gets everything described above: Connected, a Snapshot, and what follows.
    """

    def __init__(
        self,
        address: Address | str | Path,
        login: str = "",
        password: str = "",
        patience: Patience | None = None,
    ) -> None:
        self.address = address if isinstance(address, Address) else Address.parse(address)
        self.connected = False
        self.greeting: dict[str, Any] = {}
        self._login, self._password = login, password
        self._patience = patience or Patience()
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._hear: Hear | None = None
        self._seq: int | None = None  # the last event heard
        self._keeper: asyncio.Task[None] | None = None

    def listen(self, hear: Hear, from_seq: int | None = None) -> None:
        """Hear events after `from_seq`, or a snapshot and what follows it."""
        self._hear, self._seq = hear, from_seq

    async def start(self) -> None:
        """Connect, log in, subscribe if asked to."""
        reader = await self._connect()
        self._keeper = asyncio.create_task(self._keep(reader))
        try:
            await self._greet()
        except BaseException:
            await self.close()
            raise

    def start_keeping(self) -> None:
        """As `start`, without waiting for the first connection."""
        self._keeper = asyncio.create_task(self._keep(None))

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        self._lost()

    async def request(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        acting: tuple[str, str] | None = None,
    ) -> dict[str, Any]:
        """The result. `acting` (login, role): for whom a trusted client asks.

        CtiError: the server refused. CtiUnavailable: no link, or no answer in time;
        the request may have been carried out.
        """
        if self._writer is None:
            raise CtiUnavailable(f"not connected to {self.address}")
        ident = next(self._ids)
        message: dict[str, Any] = {"v": VERSION, "id": ident, "method": method}
        if params:
            message["params"] = params
        if acting is not None:
            message["as"] = {"login": acting[0], "role": acting[1]}
        answer = asyncio.get_running_loop().create_future()
        self._waiting[ident] = answer
        self._writer.write(encode(message))
        try:
            async with asyncio.timeout(self._patience.request_s):
                return _result(await answer)
        except TimeoutError:
            raise CtiUnavailable(f"no answer from {self.address} to {method}") from None
        finally:
            self._waiting.pop(ident, None)

    async def snapshot(self) -> dict[str, Any]:
        return await self.request("snapshot")

    # ---- the link ----------------------------------------------------------------

    async def _connect(self) -> asyncio.StreamReader:
        where = self.address
        try:
            async with asyncio.timeout(self._patience.connect_s):
                if where.path:
                    reader, writer = await asyncio.open_unix_connection(where.path, limit=MAX_REPLY)
                else:
                    reader, writer = await asyncio.open_connection(
                        where.host, where.port, limit=MAX_REPLY
                    )
        except (OSError, TimeoutError) as exc:
            why = getattr(exc, "strerror", None) or str(exc) or "no answer"
            raise CtiUnavailable(f"no CTI server at {where}: {why}") from exc
        self._writer = writer
        return reader

    async def _greet(self) -> None:
        if self._login:
            who = {"login": self._login, "password": self._password}
            self.greeting = await self.request("login", who)
        else:
            self.greeting = await self.request("hello")
        self.connected = True
        self._tell({"event": "Connected"})
        if self._hear is not None:
            await self._subscribe()

    async def _subscribe(self) -> None:
        if self._seq is not None:
            try:
                await self.request("subscribe", {"from_seq": self._seq})
                return
            except CtiError as error:
                if error.code != "snapshot_needed":
                    raise
        snapshot = await self.request("snapshot")
        self._tell({"event": "Snapshot", "seq": snapshot["seq"], "snapshot": snapshot})
        await self.request("subscribe", {"from_seq": snapshot["seq"]})

    async def _keep(self, reader: asyncio.StreamReader | None) -> None:
        """Read while there is a link; without one, try again and again."""
        pause = self._patience.retry_first_s
        while True:
            if reader is not None:
                await self._read(reader)
                if self._lost():
                    pause = self._patience.retry_first_s
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._patience.retry_most_s)
            try:
                reader = await self._connect()
            except CtiUnavailable:
                reader = None
                continue
            greeting = asyncio.create_task(self._come_back())
            greeting.add_done_callback(_log_failure)

    async def _come_back(self) -> None:
        try:
            await self._greet()
        except (CtiError, CtiUnavailable) as exc:
            log.warning("CTI server %s: %s", self.address, exc)
            self._lost()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Hand on lines until the link ends, however it does."""
        silence = self._patience.silence_s if self._hear is not None else None
        try:
            while True:
                async with asyncio.timeout(silence):
                    line = await reader.readline()
                if not line.endswith(b"\n"):
                    return
                self._take(decode(line))
        except (OSError, TimeoutError, ValueError, CtiError) as exc:
            log.info("CTI link to %s: %s", self.address, exc)

    def _take(self, message: dict[str, Any]) -> None:
        if "event" in message:
            if "changes" in message:
                self._seq = message["seq"]
            self._tell(message)
            return
        ident = message.get("id")
        answer = self._waiting.get(ident) if isinstance(ident, int) else None
        if answer is not None and not answer.done():
            answer.set_result(message)
        elif ident is None:
            log.warning("CTI server %s: %s", self.address, message.get("error"))

    def _tell(self, message: dict[str, Any]) -> None:
        if message["event"] == "Snapshot":
            self._seq = message["seq"]
        if self._hear is None:
            return
        try:
            self._hear(message)
        except Exception:
            log.exception("listener failed on %s", message["event"])

    def _lost(self) -> bool:
        """Let go of the link; whether it had come as far as being usable."""
        was = self.connected
        self.connected = False
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(CtiUnavailable(f"the link to {self.address} was lost"))
        if was:
            self._tell({"event": "Disconnected"})
        return was


def _result(reply: dict[str, Any]) -> dict[str, Any]:
    if reply.get("ok") is True:
        result: dict[str, Any] = reply["result"]
        return result
    error = reply.get("error") or {}
    raise CtiError.of_body(error)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("CTI client failed", exc_info=task.exception())
