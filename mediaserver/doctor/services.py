"""What the server leans on or is: the database, and a server that runs already."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from mediaserver.config import ConfigError, Settings, Span
from mediaserver.config.cesopsn import address
from mediaserver.cti.client import Address, CtiUnavailable
from mediaserver.cti.messages import CtiError
from mediaserver.cti.sync import SyncCtiClient
from mediaserver.db import migrate
from mediaserver.db.engine import sqlite_file
from mediaserver.doctor.findings import Finding, fail, ok, warn
from mediaserver.doctor.holders import holder_of


def database(settings: Settings) -> Iterator[Finding]:
    """Reachable, and with the tables this program needs."""
    url = settings.database.url
    shown = make_url(url).render_as_string(hide_password=True)
    path = sqlite_file(url)
    if path is not None and not path.exists():
        yield ok("database", f"{shown}: not there yet, made at the first start")
        return
    try:
        revision = migrate.current(url, settings.database.timeout_s)
    except SQLAlchemyError as error:
        yield fail(
            "database",
            f"{shown}: {str(getattr(error, 'orig', error)).splitlines()[0]}",
            "is the file a database and readable?"
            if path is not None
            else "is PostgreSQL running, and user, password and name right in [database] url?",
        )
        return
    if revision == migrate.head():
        yield ok("database", f"{shown}: current, at revision {revision}")
    else:
        yield warn(
            "database",
            f"{shown}: at revision {revision or 'none'}, needs {migrate.head()}",
            "mediaserver db upgrade (or start the server, which does it too)",
        )
    waiting = settings.journal_path
    if waiting.exists() and waiting.stat().st_size:
        yield warn(
            "journal",
            f"{waiting.stat().st_size} octets of records wait for the database",
            "start the server: it writes them once the database is reachable",
        )


def over_ip(settings: Settings) -> Iterator[Finding]:
    """E1 over IP: where each span listens. Quiet where none is configured."""
    running = settings.cti.socket.exists()
    for span in settings.spans():
        if span.over_ip:
            yield _span_over_ip(span, running)


def _span_over_ip(span: Span, running: bool) -> Finding:
    name, (host, port) = f"span {span.name}", address(span.local)
    with socket.socket(
        socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM
    ) as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return fail(
                    name,
                    f"{host} is no address of this machine",
                    "local is our end, remote the far",
                )
            if error.errno != errno.EADDRINUSE:
                return fail(name, f"UDP {span.local}: {error.strerror}", "choose another local")
        else:
            return ok(name, f"UDP {span.local} is free; the far end is {span.remote}")
    holder = holder_of(port, kind="udp")
    if running and "mediaserver" in holder:
        return ok(name, f"UDP {span.local} is held by {holder}: it runs already")
    return fail(
        name,
        f"UDP {span.local} is held by {holder or 'a process of another user'}",
        "stop it, or choose another local (and remote at the far end)",
    )


def flows(settings: Settings) -> Iterator[Finding]:
    """The flows that callers go through, held against the configuration."""
    from mediaserver.app.flows import check_flows
    from mediaserver.ivr.flow import FlowError

    try:
        found = check_flows(settings)
    except (FlowError, ConfigError) as error:
        yield fail("flows", str(error), "mend it; then look again")
        return
    yield ok("flows", f"{', '.join(sorted(found)) or 'none'}: every name they use is there")


def server(settings: Settings) -> Iterator[Finding]:
    """A server on this configuration's socket, and its alarms."""
    socket = settings.cti.socket
    if not socket.exists():
        yield ok("server", "not running")
        return
    try:
        with SyncCtiClient(Address(path=str(socket)), events=False).connect() as client:
            status = client.request("status")
    except (CtiUnavailable, CtiError) as error:
        yield warn("server", f"{socket} is left of one: {error}", "the next start replaces it")
        return
    yield ok("server", f"running since {status['server']['started_utc']}")
    for alarm in status["alarms"]:
        yield fail("server", f"alarm {alarm['name']}: {alarm['text']}", "see the server's log")
    for span in status["spans"]:
        if span["alarms"]:
            yield warn(
                "server",
                f"span {span['name']}: {', '.join(span['alarms'])}",
                "check the cable and the far end",
            )
