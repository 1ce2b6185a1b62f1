"""A client's copy of the board: the snapshot with each event's rows put in place."""

from __future__ import annotations

from typing import Any


class Mirror:
    """`snapshot` has the snapshot's shape (see rows.Snapshot) and follows the events."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        self.snapshot = snapshot
        self._spans = {span["name"]: span for span in snapshot["spans"]}

    @property
    def seq(self) -> int:
        seq: int = self.snapshot["seq"]
        return seq

    def copy(self) -> dict[str, Any]:
        """A snapshot of its own lists; the rows are shared and never change."""
        tables = {name: list(self.snapshot[name]) for name in ("calls", "queues", "agents")}
        spans = [{**span, "channels": list(span["channels"])} for span in self.snapshot["spans"]]
        return {**self.snapshot, **tables, "spans": spans, "alarms": list(self.snapshot["alarms"])}

    def apply(self, event: dict[str, Any]) -> None:
        """Take in one event message; those the snapshot already holds change nothing."""
        if event["seq"] <= self.snapshot["seq"] or "changes" not in event:
            return
        self.snapshot["seq"] = event["seq"]
        changes = event["changes"]
        for span in changes.get("spans", ()):
            self._span(span["name"]).update(span)
        for channel in changes.get("channels", ()):
            _put(self._span(channel["span"])["channels"], channel, "number")
        for table, key in (("calls", "id"), ("queues", "name"), ("agents", "name")):
            for row in changes.get(table, ()):
                _put(self.snapshot[table], row, key)
        for row in changes.get("alarms", ()):
            _put(self.snapshot["alarms"], row, "name")

    def _span(self, name: str) -> dict[str, Any]:
        if name not in self._spans:
            row = {"name": name, "kind": "", "signalling": "", "up": False, "alarms": []}
            self._spans[name] = {**row, "channels": []}
            self.snapshot["spans"].append(self._spans[name])
        return self._spans[name]


def _put(rows: list[dict[str, Any]], new: dict[str, Any], key: str) -> None:
    """Replace the row of the same key, add it, or take it away."""
    place = next((i for i, row in enumerate(rows) if row[key] == new[key]), None)
    if new.get("gone"):
        if place is not None:
            del rows[place]
    elif place is None:
        rows.append(new)
    else:
        rows[place] = new
