"""`mediaserver dahdi`: cards as DAHDI sees them, and the file that sets them up."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mediaserver.commands.common import (
    Failed,
    Misused,
    config_option,
    make_table,
    needed_config,
    out,
    print_json,
    settings_of,
)

if TYPE_CHECKING:
    from drivers.boards.dahdi.device import Control, SpanInfo

#: Our tone plans by libtonezone's names, where they differ.
_ZONES = {"gb": "uk"}


@click.group("dahdi")
def command() -> None:
    """E1 and analog cards under DAHDI: look at them, and set them up.

    \b
    Examples:
      mediaserver dahdi spans            cards, framing, clock, alarms, error counts
      mediaserver dahdi config           a system.conf for the spans of the configuration
      mediaserver dahdi config --write /etc/dahdi/system.conf --apply
      mediaserver dahdi maintain 1 payload   loop span 1 back to the far end; off ends it
    """


@command.command("spans")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def spans(as_json: bool) -> None:
    """Show every span DAHDI has, with framing, clock source, alarms and errors.

    It asks the driver itself, so it needs no running server and no configuration. Alarms: RED, no
    signal or no frame is received; AIS (blue), the next equipment has lost its input; RAI (yellow),
    the far end does not receive us. `mediaserver lines` has their history.
    """
    from drivers.boards.dahdi import words

    found = _spans()
    if as_json:
        print_json([_as_data(info) for info in found])
        return
    table = make_table("", "span", "name", "line", "clock", "channels", "alarms", "errors")
    for info in found:
        data = _as_data(info)
        clock = f"span {info.sync_source}" if info.sync_source else "own"
        table.add_row(
            str(info.number),
            info.name,
            data["line"] or "none",
            f"{clock}, master" if data["master"] else clock,
            f"{info.configured} of {info.channels}",
            ", ".join([*words.alarm_words(info.alarms), *data["conditions"]]) or "none",
            words.error_words(info.errors) or "none",
        )
    out.print(table)


def _spans() -> list[SpanInfo]:
    with _control() as control:
        return control.spans()


@contextmanager
def _control() -> Iterator[Control]:
    """DAHDI's control device; what it refuses is told."""
    from drivers.boards.dahdi.device import Control, DahdiError

    try:
        control = Control()
    except DahdiError as error:
        raise Failed(str(error), "mediaserver doctor says more") from None
    try:
        yield control
    except DahdiError as error:
        raise Failed(str(error), "mediaserver dahdi spans lists what there is") from None
    finally:
        control.close()


@command.command("maintain")
@click.argument("span", type=click.IntRange(1, 128))
@click.argument("what", type=click.Choice(["local", "line", "payload", "off", "reset"]))
def maintain(span: int, what: str) -> None:
    """Loop a SPAN of DAHDI's, or set its error counters to 0.

    \b
    local    what we send comes back to us, in the card
    line     what the far end sends goes back to it, framing and all
    payload  the same within our own framing
    off      end the loop
    reset    error counters begin at 0

    Calls on a looped span are lost. Not every card can do each.
    """
    with _control() as control:
        control.maintain(span, what)
    out.print(f"Span {span}: {what}")


def _as_data(info: SpanInfo) -> dict[str, Any]:
    from drivers.boards.dahdi import proc, words

    told = proc.read(info.number)
    return {
        "span": info.number,
        "name": info.name,
        "description": info.description,
        "line": words.line_words(info.lineconfig),
        "sync_source": info.sync_source,
        "master": told is not None and told.master,
        "configured": info.configured,
        "channels": info.channels,
        "alarms": sorted(alarm.value for alarm in words.alarms(info.alarms)),
        "alarm_words": words.alarm_words(info.alarms),
        "conditions": [said for said, _todo in words.conditions(info.alarms)],
        "errors": info.errors,
    }


@command.command("config")
@config_option
@click.option("--write", type=click.Path(path_type=Path, dir_okay=False), help="Write it there.")
@click.option("--apply", "apply_", is_flag=True, help="Then run dahdi_cfg with it.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def config(config: Path | None, write: Path | None, apply_: bool, force: bool) -> None:
    """Print (or write) a system.conf for the DAHDI spans of the configuration.

    Each span gets what its signalling needs: B and D channels for PRI, bits for MFC/R2, and
    ports of their kind. The first E1 span gives the clock, the others follow in order.

    \b
    Examples:
      mediaserver dahdi config                   look at it first
      mediaserver dahdi config --write /etc/dahdi/system.conf --force --apply

    /etc/dahdi and dahdi_cfg want root. docs/dahdi.md tells the way from a card to a call.
    """
    if apply_ and write is None:
        raise Misused("--apply needs --write FILE", "dahdi_cfg reads a file")
    text = _text(settings_of(needed_config(config)))
    if write is None:
        out.print(text, markup=False, highlight=False, end="")
        return
    if write.exists() and not force:
        raise Failed(f"{write} exists", "--force writes over it")
    write.write_text(text, encoding="utf-8")
    out.print(f"Written: {write}")
    if apply_:
        _apply(write)


def _text(settings: Any) -> str:
    from drivers.boards.dahdi import conf as dahdi_conf
    from drivers.boards.dahdi.board import channels_of_span
    from drivers.boards.dahdi.device import Control

    boards = [board for board in settings.boards if board.type == "dahdi"]
    if not boards:
        raise Failed(
            "the configuration has no board of type dahdi", '[[board]] type = "dahdi", see docs'
        )
    control = Control()
    plans = []
    timing = 0
    try:
        for owner, span in ((board, span) for board in boards for span in board.spans):
            info = control.span(span.dahdi)
            numbers = [
                each.number for each in channels_of_span(control, info.number, info.channels)
            ]
            digital = span.kind == "e1"
            timing += digital
            plans.append(
                dahdi_conf.SpanPlan(
                    span.dahdi,
                    span.signalling if digital else span.kind,
                    tuple(numbers if digital else numbers[: span.ports]),
                    timing=timing if digital and span.side == "user" else 0,
                    line=digital and not info.name.startswith("DYN"),
                    echo=owner.kernel_echo if span.kernel_echo_taps else "",
                    echo_on=span.kernel_echo_channels,
                )
            )
    finally:
        control.close()
    plan = settings.media.tone_plan
    return dahdi_conf.text(plans, zone=_ZONES.get(plan, plan), law=settings.media.law)


def _apply(path: Path) -> None:
    program = shutil.which("dahdi_cfg") or shutil.which("dahdi_cfg", path="/usr/sbin:/sbin")
    if program is None:
        raise Failed("dahdi_cfg is not installed", "apt-get install dahdi")
    done = subprocess.run(
        [program, "-v", "-c", str(path)], capture_output=True, text=True, check=False
    )
    out.print(done.stdout.strip(), markup=False, highlight=False)
    if done.returncode:
        raise Failed(f"dahdi_cfg: {done.stderr.strip()}", "is the file right for these cards?")
