"""`mediaserver demo`: simulated callers on a virtual exchange."""

from __future__ import annotations

from pathlib import Path

import click

from mediaserver.commands.common import Failed, Misused, out
from mediaserver.commands.logs import set_up_logs
from mediaserver.commands.web import check_free


@click.command("demo")
@click.option(
    "--calls",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="How many callers; at most 30 at once.",
)
@click.option("--once", is_flag=True, help="End after these calls, with a table and a verdict.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8080,
    show_default=True,
    help="The console's port, on loopback.",
)
@click.option(
    "--cti-port",
    type=click.IntRange(0, 65535),
    default=7700,
    show_default=True,
    help="The CTI port, on loopback; 0: none.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/demo"),
    show_default=True,
    help="For the database and the recordings.",
)
@click.option("--no-web", is_flag=True, help="Without the console.")
@click.option(
    "--lines",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Its [[board]] tables take the place of the virtual board's: other lines, same callers.",
)
def command(
    calls: int,
    once: bool,
    port: int,
    cti_port: int,
    data_dir: Path,
    no_web: bool,
    lines: Path | None,
) -> None:
    """Show the whole server at work, with simulated callers.

    Callers of a simulated public exchange ring over an E1 (EuroISDN). They hear the
    greeting, key a choice, wait in the queue with music, and talk to agents on analog
    telephones and behind a PBX; every call is recorded. Nothing is needed but this
    machine, and nothing listens beyond it. Ctrl-C ends it cleanly.

    \b
    Examples:
      mediaserver demo                      until Ctrl-C; look at the console meanwhile
      mediaserver demo --calls 20 --once    20 calls, a table, exit code 0 if all went well
      mediaserver status --watch            (in another terminal) the live board

    --lines FILE runs it on real lines whose spans are wired to each other on this machine
    (dahdi = 1, far_dahdi = 2): the exchange is then at their other ends.

    With --once each call is held to its script, and each recording to what both
    parties said; every deviation is named, and the exit code is then 1. The log is
    demo.log in the data directory.
    """
    if port == cti_port:
        raise Misused(f"--port and --cti-port are both {port}", "choose two ports")
    if not no_web:
        check_free("127.0.0.1", port, "is another demo running? End it, or choose another --port")
    from mediaserver.cti.server import CannotListen
    from mediaserver.db.writer import StoreBusy
    from mediaserver.lab import demo

    data_dir.mkdir(parents=True, exist_ok=True)
    set_up_logs("info", data_dir / "demo.log")  # the terminal shows the live table
    options = demo.Options(calls, once, data_dir, port, cti_port, not no_web, lines)
    try:
        raise SystemExit(demo.main(options, out))
    except StoreBusy as error:
        raise Failed(str(error), "end it, or give this demo another --data-dir") from None
    except CannotListen as error:
        raise Failed(str(error), "for this demo: --cti-port") from None
