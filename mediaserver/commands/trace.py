"""`mediaserver trace`: what a span's signalling says, in plain words, live or looked back at."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click
from rich.text import Text

from mediaserver.commands.common import Failed, at_option, config_option, cti_client, out

if TYPE_CHECKING:
    from mediaserver.cti.sync import SyncCtiClient

PAGE = 200  # the most one request gives
EVERY_S = 0.5
_ARROW = {"out": ("→", "green"), "in": ("←", "cyan"), "": (" ", "")}


@click.command("trace")
@click.argument("span")
@click.option(
    "--last",
    type=click.IntRange(0, 4000),
    metavar="N",
    help="The last N entries, then end.",
)
@click.option("--follow", is_flag=True, help="With --last: stay, and show what comes.")
@click.option(
    "--silent", is_flag=True, help="Also a PRI's RR frames, which say only that the link is alive."
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, with codes for each word."
)
@click.option(
    "--pcap",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a capture file that Wireshark reads instead (PRI only).",
)
@config_option
@at_option
def command(
    span: str,
    last: int | None,
    follow: bool,
    silent: bool,
    as_json: bool,
    pcap: Path | None,
    config: Path | None,
    at: str | None,
) -> None:
    """Show the signalling of SPAN: messages of a PRI, signals of R2, hooks and numbers of E&M.

    SPAN is a name of the configuration; `mediaserver lines` lists them. Analog lines send no
    messages. Without --last it shows the last 20 entries and goes on until Ctrl-C. The server keeps
    the newest 4000 of each span, so that a call can be looked at when it is over; keys pressed in
    calls are not kept.

    \b
    Examples:
      mediaserver trace E1-1                          what comes, live
      mediaserver trace E1-1 --last 200               what was, and no more
      mediaserver trace E1-1 --last 4000 --silent --pcap call.pcap    for Wireshark
      mediaserver trace E1-1 --pcap live.pcap         until Ctrl-C
      mediaserver trace E1-1 --json | jq 'select(.title == "SETUP")'

    \b
    An entry:
      08:00:00.120 ← SETUP  call 1  I N(S)=0 N(R)=0
                     calling number: 139, national, ISDN
      ← received, → sent; the message; `call` and its call reference, the same in each message
      of a call; the frame it came in; then its elements, one a line. Red after a `!` is what
      is wrong with a frame. docs/pri.md and docs/mfcr2.md tell more.
    """
    if pcap is not None and as_json:
        raise click.UsageError("--pcap and --json do not go together.")
    with cti_client(config, at) as client:
        told = Follower(client, span, silent)
        stay = follow or last is None
        rows = told.rows(20 if last is None else last, stay)
        with contextlib.suppress(KeyboardInterrupt):
            if pcap is not None:
                _write(pcap, rows, told)
                return
            for row in rows:
                _print(row, as_json)


class Follower:
    """Asks the server for a span's trace, and goes on from where it was."""

    def __init__(
        self,
        client: SyncCtiClient,
        span: str,
        silent: bool,
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._client, self._span, self._silent = client, span, silent
        self._pause = pause or threading.Event().wait
        self.side = ""

    def rows(self, last: int, stay: bool) -> Iterator[dict[str, Any]]:
        """The last `last` entries; with `stay` then all that come."""
        seq, entries = self._back(last)
        yield from entries
        while stay:
            answer = self._ask(seq, PAGE)
            yield from answer["entries"]
            seq = answer["seq"]
            self._pause(EVERY_S)

    def _back(self, last: int) -> tuple[int, list[dict[str, Any]]]:
        """(the newest number, the last entries), page by page from the start."""
        newest = self._ask(0, 1)["seq"]
        found: list[dict[str, Any]] = []
        before = newest + 1
        while len(found) < last:
            page = self._page(before, min(PAGE, last - len(found)))
            if not page:
                break
            found = page + found
            before = page[0]["seq"]
        return newest, found

    def _page(self, before: int, count: int) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._ask(0, count, before)["entries"]
        return entries

    def _ask(self, after: int, last: int, before: int = 0) -> dict[str, Any]:
        params = {"span": self._span, "after": after, "last": last, "silent": self._silent}
        answer = self._client.request("trace", params | {"before": before})
        self.side = answer["side"]
        return answer


def _write(path: Path, rows: Iterator[dict[str, Any]], told: Follower) -> None:
    from mediaserver.cti import pcap

    count = 0
    with path.open("wb") as file:
        file.write(pcap.header())
        try:
            for row in rows:
                count += _record(file, row, told.side)
        finally:
            click.echo(f"{path}: {count} frames", err=True)
    if told.side == "":
        raise Failed("this span has no frames to capture", "its signalling is not ISDN PRI")


def _record(file: BinaryIO, row: dict[str, Any], side: str) -> int:
    from mediaserver.cti import pcap

    record = pcap.records([row], network=side == "network")
    file.write(record)
    file.flush()
    return 1 if record else 0


def _print(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(row, ensure_ascii=False))
        sys.stdout.flush()
    else:
        out.print(render(row), soft_wrap=True)


def render(row: dict[str, Any]) -> Text:
    """One entry: a line for what it is, and one for each element."""
    arrow, style = _ARROW[row["direction"]]
    at = datetime.fromisoformat(row["utc"]).astimezone()
    text = Text(f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} ", style="dim")
    text.append(f"{arrow} {row['title']}", style=f"bold {style}".strip())
    if row["channel"]:
        text.append(f"  channel {row['channel']}", style="default")
    if row["reference"] is not None:
        whose = "" if row["from_origin"] else ", to the end that called"
        text.append(f"  call {row['reference']}{whose}", style="not bold default")
    if row["link"] and row["link"] != row["title"]:
        text.append(f"  {row['link']}", style="dim")
    if row["fault"]:
        text.append(f"  ! {row['fault']}", style="red")
    for each in row["elements"]:
        text.append(f"\n               {each['name']}", style="dim")
        text.append(f": {each['text']}" if each["text"] else "", style="default")
    return text
