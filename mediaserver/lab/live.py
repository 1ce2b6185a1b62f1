"""The demo's live table in a terminal: calls, who waits, who talks, as it happens.

On something that is no terminal it prints a line for each thing that happens
to a call instead, so that a log tells the same story.
"""

from __future__ import annotations

import asyncio
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mediaserver import events as ev
from mediaserver.bus import Bus
from mediaserver.cti.board import Board

_STYLES = {"talking": "green", "queued": "yellow", "flow": "cyan", "clearing": "dim"}
_REFRESH_S = 0.5
_RECENT = 8
_NARROW = 100  # columns: below that, callers' names are left out
_FRAME = 6  # lines around the calls: title, headings, rules, the cursor's


class LiveTable:
    """Shows `board` until `close()`."""

    def __init__(self, board: Board, bus: Bus, console: Console) -> None:
        self._board = board
        self._console = console
        self._recent: list[str] = []
        self._live: Live | None = None
        self._task: asyncio.Task[None] | None = None
        self._leave = bus.subscribe(ev.CallEvent, self._happened)
        if console.is_terminal:
            self._live = Live(self._render(), console=console, auto_refresh=False)
            self._live.start()
            self._task = asyncio.ensure_future(self._refresh())

    def close(self) -> None:
        self._leave()
        if self._task is not None:
            self._task.cancel()
        if self._live is not None:
            self._live.update(self._render(), refresh=True)
            self._live.stop()

    async def _refresh(self) -> None:
        while self._live is not None:
            self._live.update(self._render(), refresh=True)
            await asyncio.sleep(_REFRESH_S)

    def _happened(self, event: ev.CallEvent) -> None:
        words = _words(event)
        if not words:
            return
        text = f"{event.media_ms / 1000:8.2f} s  {event.call_id}  {words}"
        if self._live is None:
            self._console.print(text, highlight=False)
        self._recent = [*self._recent, text][-_RECENT:]

    def _render(self) -> Group:
        """The calls and what happened last, cut to the terminal's height and width."""
        rows = list(self._board.calls.values())
        room = self._console.height - _FRAME
        shown = rows if len(rows) <= room else rows[: max(1, room - 1)]
        title = Text("Calls: ", style="bold") + Text(str(len(rows)))
        if len(shown) < len(rows):
            title.append(f", {len(rows) - len(shown)} more than fit here", style="dim")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim")
        narrow = self._console.width < _NARROW
        for heading in ("Line", "Caller", "Called", "State", "Choice", "Queue", "Place", "Agent"):
            table.add_column(heading, no_wrap=True)
        for row in shown:
            table.add_row(*_cells(row, narrow), style=_STYLES.get(row["state"], ""))
        recent = self._recent[-max(0, room - len(shown)) :] if room > len(shown) else []
        last = Text("\n".join(recent), style="dim", no_wrap=True, overflow="ellipsis")
        return Group(title, table, last)


def _cells(row: Any, narrow: bool) -> tuple[str, ...]:
    place = str(row["position"]) if row["position"] else ""
    name = "" if narrow else row["caller_name"]
    party = " ".join(part for part in (row["caller"], name) if part)
    state = row["state"] + (" ●" if row["recording"] else "")
    keys = ("choice", "queue")
    agent = row["agent"] or ""
    return (row["line"], party, row["called"], state, *(row[k] or "" for k in keys), place, agent)


def _words(event: ev.CallEvent) -> str:
    """What happened, for a log; "" for what is of no interest there."""
    match event:
        case ev.CallOffered():
            return f"{event.caller} calls {event.called} on {event.line}"
        case ev.DigitsKeyed():
            return f"keys {event.digits or 'nothing'} in {event.node} ({event.outcome})"
        case ev.Queued():
            return f"waits in {event.queue}, place {event.position}"
        case ev.AgentOffered():
            return f"rings {event.agent} on {event.line}"
        case ev.AgentMissed():
            return f"{event.agent} did not answer: {event.reason}"
        case ev.AgentAnswered():
            return f"{event.agent} answers after {event.waited_ms / 1000:.1f} s"
        case ev.ConferenceJoined():
            return f"enters conference {event.room}, {event.people} in it"
        case ev.ConferenceLeft():
            return f"leaves conference {event.room}, {event.people} in it"
        case ev.CallEnded():
            return f"ended by {event.cleared_by}, cause {event.cause} {event.detail}"
    return ""
