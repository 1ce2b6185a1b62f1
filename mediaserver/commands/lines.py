"""`mediaserver lines`: how every line is, in figures and plain words; checks of single channels."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import RenderableType
from rich.live import Live

from mediaserver.commands.common import (
    Misused,
    at_option,
    config_option,
    cti_client,
    out,
    print_json,
)

if TYPE_CHECKING:
    from mediaserver.cti.sync import SyncCtiClient

EVERY_S = 1.0
POLL_S = 0.25
#: What is done when nothing is named: what needs neither a loop nor a second channel.
USUAL = ("noise", "hum", "echo")
_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_watch = click.option("--watch", is_flag=True, help="Stay, and show what changes, until Ctrl-C.")


@click.group("lines", invoke_without_command=True)
@_watch
@_json
@config_option
@at_option
@click.pass_context
def command(
    context: click.Context, watch: bool, as_json: bool, config: Path | None, at: str | None
) -> None:
    """Show how the lines are, while in service; look at one; test one.

    \b
    Examples:
      mediaserver lines                          all spans: alarms, errored seconds, slips
      mediaserver lines show E1-1                its history and channels
      mediaserver lines show FXO-1/2             level, noise and echo of a channel, call or not
      mediaserver lines test FXO-1/2             noise, hum and echo, out of service
      mediaserver lines test E1-1/7 bert --seconds 60     bit errors over a loop
      mediaserver lines messages FXS-1/3 on      its telephone shows that messages wait
      mediaserver lines busy                     busy tones that lines have of their own

    Of each span it says what is wrong and what to do about it, and counts the last 24 hours as
    G.826 does: ES are seconds with an error, SES with many, UAS those without service, BBE single
    blocks in error. A LINE is a span ("E1-1") or a channel of one ("E1-1/7").
    `mediaserver lines COMMAND --help` and docs/lines.md tell more.

    Exit code 0: all is well; 1: something is not, or the server cannot be reached.
    """
    if context.invoked_subcommand is not None:
        if watch or as_json or config is not None or at is not None:
            raise Misused("options go behind the word", "mediaserver lines show E1-1 --json")
        return
    from mediaserver.commands import lines_tables as tables

    with cti_client(config, at) as client:

        def look() -> dict[str, Any]:
            return dict(client.request("lines"))

        states = [s["state"] for s in _shown(look, tables.overview, watch, as_json)["spans"]]
    _leave(states)


@command.command("show")
@click.argument("line")
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=7,
    metavar="N",
    help="Days of a span's history; without: 7.",
)
@_watch
@_json
@config_option
@at_option
def show(
    line: str, days: int, watch: bool, as_json: bool, config: Path | None, at: str | None
) -> None:
    """Show one LINE: a span ("E1-1") with its history, or a channel ("E1-1/7") as it is now.

    A channel is listened to for two seconds, whether a call is on it or not; nothing is sent.

    \b
    Examples:
      mediaserver lines show E1-1 --days 30      quarters of an hour of today, days, alarms
      mediaserver lines show FXO-1/2 --watch     level, noise and echo, as they change
    """
    from mediaserver.commands import lines_tables as tables

    with cti_client(config, at) as client:
        if "/" in line:
            found = _shown(lambda: _checked(client, line, ["figures"]), tables.run, watch, as_json)
            _leave([_verdict(found)])
            return

        def look() -> dict[str, Any]:
            return dict(client.request("line", {"span": line, "days": days}))

        found = _shown(look, tables.span, watch, as_json)
    _leave([found["state"]])


@command.command("test")
@click.argument("line")
@click.argument("checks", nargs=-1)
@click.option(
    "--seconds",
    type=click.FloatRange(0, 86_400),
    default=0,
    metavar="S",
    help="How long each check measures; without: as it needs.",
)
@click.option(
    "--number", default="", metavar="DIGITS", help="Dial it first: a quiet termination, a loop."
)
@click.option("--force", is_flag=True, help="Clear a call that is on the channel.")
@click.option(
    "--pattern",
    type=click.Choice(("2047", "32767")),
    default="2047",
    show_default=True,
    help="Length of bert's pattern, bits (O.150).",
)
@click.option(
    "--far",
    default="",
    metavar="LINE",
    help="For bert and modem: the channel at which what is sent arrives.",
)
@click.option(
    "--modem",
    type=click.Choice(("v27ter", "v29", "v17")),
    default="v29",
    show_default=True,
    help="Which fax modem.",
)
@click.option(
    "--rate",
    type=click.IntRange(0, 14_400),
    default=0,
    metavar="BIT/S",
    help="Of the modem; without: its highest.",
)
@_json
@config_option
@at_option
def test(
    line: str,
    checks: tuple[str, ...],
    as_json: bool,
    config: Path | None,
    at: str | None,
    **settings: Any,
) -> None:
    """Test the channel LINE ("E1-1/7"): out of service first, and put back after.

    \b
    CHECKS, one or several (noise, hum and echo without):
      noise    of a quiet line, weighted as the ear does
      hum      of the mains, 50 or 60 Hz and harmonics
      echo     return loss over frequency, delay, and what the canceller makes of it
      bert     bit errors and slips of a looped channel, or between two (--far)
      tone     what tone is on the line: frequencies, cadence, and whether it is known
      learn    keeps the tone that is on an exchange line as its busy tone
      modem    fax modem over a loop, or between two channels (--far)

    A line in a call is refused, but for --force. Where --number is given, an exchange line is
    lifted and the number dialled first. Ctrl-C ends the test and puts the line back.

    \b
    Examples:
      mediaserver lines test FXO-1/2 --number 112345    on a quiet termination
      mediaserver lines test E1-1/7 bert --seconds 60   the far end loops the channel
      mediaserver lines test E1-1/7 bert --far E1-2/7   a cable joins the two spans
      mediaserver lines test FXO-1/2 tone learn --number 12345 --seconds 20

    Exit code 0: all is well; 1: something is not, or a check could not be carried out.
    """
    from mediaserver.commands import lines_tables as tables

    with cti_client(config, at) as client:
        done = _checked(client, line, list(checks or USUAL), settings, tell=not as_json)
    if as_json:
        print_json(done)
    else:
        out.print(tables.run(done))
    _leave([_verdict(done)])


@command.command("messages")
@click.argument("line", default="")
@click.argument("state", type=click.Choice(("on", "off")), required=False)
@_json
@config_option
@at_option
def messages(
    line: str, state: str | None, as_json: bool, config: Path | None, at: str | None
) -> None:
    """Show on the telephone of LINE that messages wait, or no longer; name those that do.

    Lamp, dial tone and display tell it, as far as the telephone has them. It is kept over restarts.

    \b
    Examples:
      mediaserver lines messages                 the telephones on which messages wait
      mediaserver lines messages FXS-1/3 on
    """
    if line and state is None:
        raise Misused(f"{line}: on or off?", f"mediaserver lines messages {line} on")
    params = {"line": line, "on": state == "on"} if state else {}
    with cti_client(config, at) as client:
        found = dict(client.request("message_waiting", params))
    if as_json:
        print_json(found)
    else:
        out.print("Messages wait: " + (", ".join(found["waiting"]) or "nowhere"))


@command.command("busy")
@click.option("--forget", default="", metavar="LINE", help="Have this line's tone learned anew.")
@_json
@config_option
@at_option
def busy(forget: str, as_json: bool, config: Path | None, at: str | None) -> None:
    """Show the busy tones that exchange lines have of their own, learned in calls.

    An exchange line whose far end hangs up tells it by its busy tone. One that is not of the
    country's plan is learned in calls, or by `mediaserver lines test LINE learn`.

    \b
    Examples:
      mediaserver lines busy
      mediaserver lines busy --forget FXO-1/2
    """
    with cti_client(config, at) as client:
        found = dict(client.request("busy_tones", {"forget": forget}))
    if as_json:
        print_json(found)
        return
    for line, tone in sorted(found["tones"].items()):
        out.print(f"{line}: {tone['hz']:g} Hz, {tone['on_ms']} ms on, {tone['off_ms']} ms off")
    if not found["tones"]:
        out.print("No line has a busy tone of its own.")


def _verdict(run: dict[str, Any]) -> str:
    return str(run["verdict"]) if run["state"] == "done" else "bad"


def _leave(states: list[str]) -> None:
    if any(state != "ok" for state in states):
        raise SystemExit(1)


def _checked(
    client: SyncCtiClient,
    line: str,
    checks: list[str],
    settings: dict[str, Any] | None = None,
    *,
    tell: bool = False,
) -> dict[str, Any]:
    """Begin checks and wait for their end; Ctrl-C stops them at the server too."""
    params = {"line": line, "checks": checks, **(settings or {})}
    run = dict(client.request("line_check", params))
    pause = threading.Event()
    told = ""
    try:
        while run["state"] == "running":
            if tell and run["now"] and run["now"] != told:
                told = run["now"]
                click.echo(f"{line}: {told} …", err=True)
            pause.wait(POLL_S)
            run = dict(client.request("line_result", {"id": run["id"]}))
    except KeyboardInterrupt:
        run = dict(client.request("line_stop", {"id": run["id"]}))
    return run


def _shown(
    look: Callable[[], dict[str, Any]],
    draw: Callable[[dict[str, Any]], RenderableType],
    watch: bool,
    as_json: bool,
) -> dict[str, Any]:
    """Once, or with `watch` each second until Ctrl-C; the last that was seen."""
    if watch and as_json:
        raise click.UsageError("--watch and --json do not go together.")
    found = look()
    if as_json:
        print_json(found)
    elif not watch:
        out.print(draw(found))
    else:
        pause = threading.Event()
        with (
            contextlib.suppress(KeyboardInterrupt),
            Live(draw(found), console=out, screen=out.is_terminal) as live,
        ):
            while True:
                pause.wait(EVERY_S)
                found = look()
                live.update(draw(found))
    return found
