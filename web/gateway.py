"""The console's only door to the media server: one CTI connection for all browsers.

One thread reads the events and hands them to the fan-out. Requests go over the
same connection in the name of the person who asks, so that the server checks
the role once more. When the daemon is away requests fail at once with
DoorClosed, and everyone who listens is told that what they see is not live.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from mediaserver.cti.client import CtiUnavailable
from mediaserver.cti.messages import CtiError
from mediaserver.cti.sync import SyncCtiClient
from web.fanout import Fanout

log = logging.getLogger(__name__)

#: How long the first who needs it waits for the link: a page asked for just then is not refused.
FIRST_S = 2.0
_STATUS = {"not_found": 404, "denied": 403, "conflict": 409, "bad_params": 400}


class Refused(Exception):
    """The media server said no; `status` is the HTTP status that says the same.

    What it said is `error`: in English, and as codes for the person's language.
    """

    def __init__(self, error: CtiError) -> None:
        super().__init__(error.message)
        self.error = error
        self.status = _STATUS.get(error.code, 502)


class DoorClosed(Exception):
    """The media server cannot be reached, or did not answer in time."""


class Gateway:
    """`start()` once in each process that serves pages; then `fanout` is live."""

    def __init__(self, client: SyncCtiClient, fanout: Fanout | None = None) -> None:
        self.fanout = fanout or Fanout()
        self._client = client
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open the connection, kept in the background. A second call changes nothing.

        Not done on import: a worker process must start its own thread after the fork. The first
        call waits until the link is there, or for `FIRST_S`."""
        with self._lock:
            if self._thread is None:
                self._client.start()
                self._thread = threading.Thread(target=self._pump, name="gateway", daemon=True)
                self._thread.start()
                self._client.wait_connected(FIRST_S)

    def close(self) -> None:
        """Close the connection and wait for the thread."""
        with self._lock:
            self._client.close()
            if self._thread is not None:
                self._thread.join()

    def request(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        by: tuple[str, str] | None = None,
    ) -> dict[str, Any]:
        """Ask the media server; `by` (login, role) is whose wish it is.

        Raises DoorClosed without a connection, Refused when the server says no."""
        try:
            return self._client.request(method, params, by)
        except CtiUnavailable as error:
            raise DoorClosed(str(error)) from error
        except CtiError as error:
            raise Refused(error) from error

    def _pump(self) -> None:
        up = True
        for message in self._client.events():
            word = message["event"]
            if word == "Snapshot":
                self.fanout.load(message["snapshot"])
            elif "changes" in message:
                self.fanout.apply(message)
            elif word in ("Connected", "Disconnected"):
                up = word == "Connected"
            self.fanout.link(up, "" if up else f"no answer at {self._client.address}")
        log.info("gateway closed")
