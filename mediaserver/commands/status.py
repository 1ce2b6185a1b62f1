"""`mediaserver status`: the running server, as it is now or live."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from mediaserver.commands.common import (
    at_option,
    config_option,
    cti_client,
    make_table,
    out,
    plain,
    print_json,
)
from mediaserver.commands.media_table import media

if TYPE_CHECKING:
    from mediaserver.cti.sync import SyncCtiClient

MARKS = {
    "idle": ("·", "dim"),
    "ringing": ("r", "yellow"),
    "busy": ("b", "cyan"),
    "talking": ("T", "bold green"),
    "blocked": ("x", "red"),
}


@click.command("status")
@click.option("--watch", is_flag=True, help="Stay, and show what happens, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="The whole snapshot as JSON.")
@config_option
@at_option
def command(watch: bool, as_json: bool, config: Path | None, at: str | None) -> None:
    """Show the running server: lines, calls, queues, agents, alarms, the media engine's time.

    \b
    Examples:
      mediaserver status
      mediaserver status --watch
      mediaserver status --json | jq '.server.engine.counters'
      mediaserver status --at 127.0.0.1:7700     over TCP, with login and password

    Exit code 0: it runs and has no alarm; 1: it cannot be reached, or has alarms.
    """
    if watch and as_json:
        raise click.UsageError("--watch and --json do not go together.")
    with cti_client(config, at, events=watch) as client:
        if watch:
            _watch(client)
            return
        snapshot = client.snapshot()
        if as_json:
            print_json(snapshot)
        else:
            out.print(render(snapshot, datetime.now(UTC)))
    down = any(span["alarms"] or not span["up"] for span in snapshot["spans"])
    if snapshot["alarms"] or down:
        raise SystemExit(1)


class Watch:
    """The live picture: drawn four times a second from the client's mirror of the board."""

    def __init__(self, client: SyncCtiClient) -> None:
        self._client = client
        self._counters: dict[str, Any] = {}

    def hear(self, message: dict[str, Any]) -> None:
        """Counters are no events: asked for anew at each heartbeat."""
        from mediaserver.cti.client import CtiUnavailable

        if message["event"] in ("Heartbeat", "Snapshot") and self._client.connected:
            with contextlib.suppress(CtiUnavailable):  # lost just now: the next event says so
                status = self._client.request("status")
                self._counters = status["server"]["engine"]["counters"]

    def draw(self) -> RenderableType:
        snapshot = self._client.snapshot()
        server = {**snapshot["server"], "engine": {"counters": self._counters}}
        connected = self._client.connected
        return render({**snapshot, "server": server}, datetime.now(UTC), connected)


def _watch(client: SyncCtiClient) -> None:
    """Until Ctrl-C."""
    watch = Watch(client)
    client.wait_connected(5)
    with (
        contextlib.suppress(KeyboardInterrupt),
        Live(console=out, screen=out.is_terminal, get_renderable=watch.draw),
    ):
        for message in client.events():
            watch.hear(message)


def render(snapshot: dict[str, Any], now: datetime, connected: bool = True) -> RenderableType:
    """The snapshot as tables."""
    return Group(*_parts(snapshot, now, connected))


def _parts(snapshot: dict[str, Any], now: datetime, connected: bool) -> Iterator[RenderableType]:
    server = snapshot["server"]
    if not connected:
        yield Text(" DISCONNECTED: what follows is old ", style="bold white on red")
    head = plain(f"{server['name']}  {server['version']}  up {_age(server['started_utc'], now)}")
    if not server["realtime"]:
        head.append("  no real-time priority", style="yellow")
    yield head
    for alarm in snapshot["alarms"]:
        yield Text(f"ALARM {alarm['name']}: {alarm['text']}", style="bold red")
    yield _spans(snapshot["spans"])
    yield _calls(snapshot["calls"], now)
    yield _queues(snapshot["queues"])
    yield _agents(snapshot["agents"], now)
    yield media(server["engine"]["counters"])


def _age(since_utc: str, now: datetime) -> str:
    total = max(0, int((now - datetime.fromisoformat(since_utc)).total_seconds()))
    hours, rest = divmod(total, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _spans(spans: list[dict[str, Any]]) -> RenderableType:
    legend = "  ".join(f"{mark} {state}" for state, (mark, _) in MARKS.items())
    table = make_table(
        "Lines", "Span", "", "State", "In use", f"Channels: {legend}", right=("In use",)
    )
    for span in spans:
        alarms = ", ".join(span["alarms"])
        if alarms:
            state = Text(alarms, style="bold red")
        else:
            state = Text("up", style="green") if span["up"] else Text("down", style="red")
        channels = Text(overflow="fold")
        for channel in span["channels"]:
            channels.append(*MARKS.get(channel["state"], ("?", "")))
        in_use = sum(c["state"] not in ("idle", "blocked") for c in span["channels"])
        table.add_row(plain(span["name"]), plain(span["signalling"]), state, str(in_use), channels)
    return table


def _calls(calls: list[dict[str, Any]], now: datetime) -> RenderableType:
    columns = ("Caller", "Called", "Line", "State", "For", "Choice", "Queue", "Agent", "")
    table = make_table(f"Calls: {len(calls)}", *columns, right=("For",))
    for call in calls:
        place = f"{call['queue']} #{call['position']}" if call["position"] else call["queue"]
        table.add_row(
            plain(f"{call['caller']} {call['caller_name']}".strip()),
            plain(call["called"]),
            plain(call["line"]),
            plain(call["state"]),
            _age(call["since_utc"], now),
            plain(call["choice"]),
            plain(place),
            plain(call["agent"]),
            Text("REC", style="red") if call["recording"] else "",
        )
    return table


def _queues(queues: list[dict[str, Any]]) -> RenderableType:
    numbers = ("Waiting", "Answered", "Abandoned", "Overflowed")
    table = make_table("Queues", "Queue", *numbers, right=numbers)
    for queue in queues:
        counts = (len(queue["waiting"]), *(queue[n.lower()] for n in numbers[1:]))
        table.add_row(plain(queue["name"]), *map(str, counts))
    return table


def _agents(agents: list[dict[str, Any]], now: datetime) -> RenderableType:
    numbers = ("For", "Answered", "Missed")
    table = make_table("Agents", "Agent", "Line", "State", *numbers, right=numbers)
    styles = {"ready": "green", "talking": "bold green", "ringing": "yellow", "away": "dim"}
    for agent in agents:
        table.add_row(
            plain(agent["display"]),
            plain(agent["line"]),
            Text(agent["state"].replace("_", " "), style=styles.get(agent["state"], "")),
            _age(agent["since_utc"], now),
            str(agent["answered"]),
            str(agent["missed"]),
        )
    return table
