"""What went over each span's signalling lately: kept for whoever looks afterwards.

What: every D-channel frame of a PRI span and every exchange of an R2 span, with
its time and direction, in a ring of the newest; put into words when asked for.
How: supervisory frames have a ring of their own, so that an hour of silence
pushes no message out.
Limits: analog lines have no messages. Keys pressed in calls are blotted out
before anything is kept (they may be PINs).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any

from drivers.base import Signalling
from drivers.said import Said, as_data
from drivers.signalling.pri.trace import Censor, decode, is_keepalive
from mediaserver.clock import Clock

KEEP = 4000  # messages a span
KEEP_SILENT = 400  # supervisory frames a span


@dataclass(frozen=True, slots=True)
class Entry:
    """One frame, or one exchange in words; `direction` is "in", "out" or "" for neither."""

    seq: int
    utc: datetime
    direction: str
    frame: bytes = b""
    channel: int = 0
    said: Said | str = ""


class SpanTrace:
    """The newest of one span."""

    def __init__(self, clock: Clock, keep: int = KEEP) -> None:
        self._clock = clock
        self._censor = Censor()
        self._seq = 0
        self._told: deque[Entry] = deque(maxlen=keep)
        self._silent: deque[Entry] = deque(maxlen=KEEP_SILENT)

    @property
    def seq(self) -> int:
        """The number of the newest entry; 0 before the first."""
        return self._seq

    def frame(self, direction: str, frame: bytes) -> None:
        """A D-channel frame went out or came in."""
        entry = self._entry(direction, frame=self._censor.clean(frame))
        (self._silent if is_keepalive(frame) else self._told).append(entry)

    def exchange(self, channel: int, direction: str, said: Said | str) -> None:
        """A channel of R2 or E&M sent, heard or decided something."""
        self._told.append(self._entry(direction, channel=channel, said=said))

    def _entry(self, direction: str, **content: Any) -> Entry:
        self._seq += 1
        return Entry(self._seq, self._clock.utc(), direction, **content)

    def entries(self, after: int, before: int, last: int, silent: bool) -> list[Entry]:
        """The newest `last` of those numbered between the two (0: no bound), oldest first."""
        rings = (self._told, self._silent) if silent else (self._told,)
        found: Iterator[Entry] = merge(*rings, key=lambda entry: entry.seq)
        limit = before or self._seq + 1
        return [entry for entry in found if after < entry.seq < limit][-last:]


class Traces:
    """The traces of all spans that have messages."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spans: dict[str, SpanTrace] = {}

    def watch(self, signalling: Signalling) -> None:
        """Keep what goes over this span from now on, if its signalling can tell."""
        trace = SpanTrace(self._clock)
        if hasattr(signalling, "tap"):
            signalling.tap = trace.frame
        elif hasattr(signalling, "trace"):
            signalling.trace = trace.exchange
        else:
            return
        self._spans[signalling.span.name] = trace

    def names(self) -> list[str]:
        """Spans that have a trace."""
        return list(self._spans)

    def rows(
        self, span: str, *, after: int, before: int, last: int, silent: bool
    ) -> dict[str, Any]:
        """As the CTI method "trace" gives them. KeyError for a span without a trace."""
        trace = self._spans[span]
        found = trace.entries(after, before, last, silent)
        return {"span": span, "seq": trace.seq, "entries": [row(entry) for entry in found]}


def row(entry: Entry) -> dict[str, Any]:
    """One entry in words, as plain data.

    `said` and each element's have the same as codes and values, None where there is nothing to
    word: names, digits, hex.
    """
    base = {
        "seq": entry.seq,
        "utc": entry.utc.isoformat(timespec="milliseconds"),
        "direction": entry.direction,
        "channel": entry.channel,
    }
    if not entry.frame:
        nothing: dict[str, Any] = {
            "link": "",
            "reference": None,
            "from_origin": True,
            "elements": [],
        }
        said = {"title": as_data(entry.said), "link": None, "fault": None}
        return base | nothing | {"title": str(entry.said), "fault": "", "said": said, "hex": ""}
    told = decode(entry.frame)
    return base | {
        "title": str(told.title),
        "link": str(told.link),
        "reference": told.reference,
        "from_origin": told.from_origin,
        "elements": [
            {
                "name": str(name),
                "text": str(text),
                "said": {"name": as_data(name), "text": as_data(text)},
            }
            for name, text in told.elements
        ],
        "fault": str(told.fault or ""),
        "said": {
            "title": as_data(told.title),
            "link": as_data(told.link),
            "fault": as_data(told.fault),
        },
        "hex": entry.frame.hex(),
    }
