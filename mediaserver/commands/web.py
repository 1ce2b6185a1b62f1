"""`mediaserver web`: the console."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mediaserver.commands.common import ENVIRONMENT, Failed, config_option, find_config, settings_of

if TYPE_CHECKING:
    from mediaserver.config import Settings

THREADS = 128  # each open page holds one for its events
APPLICATION = "web.app:create_app()"


@click.command("web")
@config_option
def command(config: Path | None) -> None:
    """Run the web console, a client of the running server.

    It listens where [web] host and port say: by default http://127.0.0.1:8080, this
    machine only. To reach it from elsewhere put a TLS proxy before it, or use
    `ssh -L 8080:127.0.0.1:8080 HOST`. It may start before the server, and be restarted
    at any time: no call notices.

    \b
    Examples:
      mediaserver web
      mediaserver user add sue --role supervisor     someone who may log in
    """
    path = find_config(config)
    settings = settings_of(path)
    if path is not None:
        os.environ[ENVIRONMENT] = str(path.absolute())
    where = f"{settings.web.host}:{settings.web.port}"
    check_free(settings.web.host, settings.web.port)
    click.echo(f"Console: http://{where}/", err=True)
    serve(settings)


def check_free(
    host: str,
    port: int,
    hint: str = "stop what listens there (`mediaserver doctor` says what it is), "
    "or choose another [web] port",
) -> None:
    """Failed, with `hint` as the next step, when the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Failed(f"cannot listen on {host}:{port}: {error.strerror}", hint) from None


def serve(settings: Settings) -> None:
    """Gunicorn with one worker and many threads, in this process until it is ended."""
    from gunicorn.app.base import BaseApplication
    from gunicorn.util import import_app

    wanted: dict[str, Any] = {
        "bind": f"{settings.web.host}:{settings.web.port}",
        "workers": 1,
        "worker_class": "gthread",
        "threads": THREADS,
        "graceful_timeout": 2,  # open event streams never end by themselves
        "loglevel": "warning",
        "proc_name": "mediaserver web",
        "control_socket_disable": True,
        "limit_request_line": 4094,
    }

    class Console(BaseApplication):
        def load_config(self) -> None:
            for name, value in wanted.items():
                if name in self.cfg.settings:  # not every version has every one
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return import_app(APPLICATION)

    Console().run()
