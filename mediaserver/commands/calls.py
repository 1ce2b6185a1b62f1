"""`mediaserver calls`: the records of calls, and one call's story."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mediaserver.commands.common import (
    Failed,
    config_option,
    make_table,
    out,
    plain,
    print_json,
    seconds,
    settings_of,
)

if TYPE_CHECKING:
    from mediaserver.db.models import CallRow

COLUMNS = (
    "id",
    "state",
    "started_utc",
    "answered_utc",
    "ended_utc",
    "direction",
    "line",
    "caller",
    "caller_name",
    "called",
    "flow",
    "choice",
    "queue",
    "wait_ms",
    "agent",
    "agent_line",
    "talk_ms",
    "cause",
    "cause_text",
    "cleared_by",
    "detail",
)


_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def when(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """A time of an option: today, yesterday, 2h (ago), a date, or date and time, local."""
    if value is None:
        return None
    now = datetime.now().astimezone()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if value in ("today", "yesterday"):
        return midnight - timedelta(days=value == "yesterday")
    if value[:-1].isdecimal() and value[-1] in _UNITS and len(value) <= 6:
        return now - timedelta(**{_UNITS[value[-1]]: int(value[:-1])})
    try:
        return datetime.fromisoformat(value).astimezone()
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{value!r} is no time: give today, yesterday, 30m, 2h, 7d, "
            "2026-01-31, or 2026-01-31T14:30"
        ) from None


@click.group("calls", invoke_without_command=True)
@click.option("--number", default="", help="Any part of the caller's or the called number.")
@click.option(
    "--since", callback=when, metavar="TIME", help="today, yesterday, 30m, 2h, 7d, 2026-01-31, …"
)
@click.option("--until", callback=when, metavar="TIME", help="As --since; not including it.")
@click.option("--agent", default="", help="The agent who answered.")
@click.option("--queue", default="")
@click.option("--state", type=click.Choice(["open", "closed", "interrupted"]))
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@config_option
@click.pass_context
def command(
    ctx: click.Context,
    number: str,
    since: datetime | None,
    until: datetime | None,
    agent: str,
    queue: str,
    state: str | None,
    limit: int,
    as_json: bool,
    config: Path | None,
) -> None:
    """List recorded calls, newest first; `calls show ID` tells one call's story.

    Reads the database, so it works whether the server runs or not.

    \b
    Examples:
      mediaserver calls --since today
      mediaserver calls --number 1380013 --since 7d
      mediaserver calls --agent alice --since yesterday --until today --json
      mediaserver calls show 20260105-080000-0001
    """
    if ctx.invoked_subcommand is not None:
        return
    from mediaserver.db import queries

    with queries.session(_database(config)) as session:
        page = queries.search_calls(
            session,
            number=number,
            since=since.astimezone(UTC) if since else None,
            until=until.astimezone(UTC) if until else None,
            agent=agent,
            queue=queue,
            state=state or "",
            limit=limit,
        )
    if as_json:
        print_json({"total": page.total, "calls": [_as_data(row) for row in page.rows]})
        return
    _print_calls(page.rows)
    if page.more:
        out.print(f"{len(page.rows)} of {page.total}; --limit shows more.")


@command.command("show")
@click.argument("call_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@config_option
def show(call_id: str, as_json: bool, config: Path | None) -> None:
    """Tell the story of one call: what happened, each at its media time."""
    from mediaserver.db import queries

    with queries.session(_database(config)) as session:
        row = queries.get_call(session, call_id)
        if row is None:
            raise Failed(f"there is no call {call_id!r}", "`mediaserver calls` lists them")
        story = queries.story(session, call_id)
        recordings = queries.recordings_of(session, call_id)
    told: list[dict[str, Any]] = [
        {"at_ms": each.media_ms, "utc": each.utc.isoformat(), "event": each.kind, "data": each.data}
        for each in story
    ]
    kept = [{"id": r.id, "path": r.path, "state": r.state, "ms": r.duration_ms} for r in recordings]
    if as_json:
        print_json({**_as_data(row), "story": told, "recordings": kept})
        return
    _print_facts(row, kept)
    table = make_table("Story", "At", "Event", "", right=("At",))
    start = told[0]["at_ms"] if told else 0
    for each in told:
        said = {key: value for key, value in each["data"].items() if value not in (None, "")}
        words = "  ".join(f"{key} {_word(value)}" for key, value in said.items())
        table.add_row(f"{(each['at_ms'] - start) / 1000:.2f} s", each["event"], plain(words))
    out.print(table)


def _database(config: Path | None) -> str:
    """The URL; Failed when it is a file that is not there."""
    from mediaserver.db.engine import sqlite_file

    url = settings_of(config, demo=True).database.url
    path = sqlite_file(url)
    if path is not None and not path.exists():
        raise Failed(
            f"there is no database {path}",
            "the server makes it when it first runs; is this the right --config? "
            "(the demo's: --config var/demo/demo.toml)",
        )
    return url


def _as_data(row: CallRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in COLUMNS}
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}


def _local(when: datetime | None) -> str:
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S") if when else ""


def _word(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _print_calls(rows: list[CallRow]) -> None:
    if not rows:
        click.echo("No such calls.")
        return
    table = make_table(
        "",
        "ID",
        "Started",
        "Caller",
        "Called",
        "Choice",
        "Queue",
        "Wait",
        "Agent",
        "Talk",
        "End",
        right=("Wait", "Talk"),
    )
    for row in rows:
        end = row.cause_text if row.state == "closed" else row.state
        table.add_row(
            row.id,
            _local(row.started_utc),
            plain(f"{row.caller} {row.caller_name}".strip()),
            plain(row.called),
            plain(row.choice),
            plain(row.queue),
            seconds(row.wait_ms),
            plain(row.agent),
            seconds(row.talk_ms),
            plain(end),
        )
    out.print(table)


def _print_facts(row: CallRow, recordings: list[dict[str, Any]]) -> None:
    table = make_table(f"Call {row.id}", "", "")
    table.show_header = False
    facts = {
        "State": row.state,
        "Caller": f"{row.caller} {row.caller_name}".strip(),
        "Called": row.called,
        "Line": f"{row.line} ({row.direction})",
        "Started": _local(row.started_utc),
        "Answered": _local(row.answered_utc),
        "Ended": _local(row.ended_utc),
        "Flow, choice": f"{row.flow} {row.choice}".strip(),
        "Queue": f"{row.queue}, waited {seconds(row.wait_ms)}" if row.queue else "",
        "Agent": f"{row.agent} on {row.agent_line}, {seconds(row.talk_ms)}" if row.agent else "",
        "Cleared": f"by {row.cleared_by}: {row.cause} {row.cause_text}" if row.cleared_by else "",
        "Detail": row.detail,
    }
    for kept in recordings:
        facts[f"Recording {kept['id']}"] = f"{kept['path']}, {seconds(kept['ms'])}, {kept['state']}"
    for name, value in facts.items():
        if value:
            table.add_row(name, plain(value))
    out.print(table)
