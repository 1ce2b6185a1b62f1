"""The console as a WSGI application.

`create_app()` is what the server runs. It opens no connection and starts no
thread by itself: the first page somebody looks at does.
"""

from __future__ import annotations

import hashlib
import logging
import os
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, generate_csrf

from mediaserver.config import Settings, load
from mediaserver.cti.sync import SyncCtiClient
from web import auth, data, i18n, linewords, saidwords, security
from web.gateway import DoorClosed, Gateway, Refused
from web.permissions import allowed
from web.secret import secret_key
from web.views import actions, board, calls, lines, recordings, system, trace

#: Waiting longer than this is shown in red.
WAIT_LIMIT_S = 60


def create_app(settings: Settings | None = None, gateway: Gateway | None = None) -> Flask:
    """The console for `settings`, or for the file named by MEDIASERVER_CONFIG.

    Raises ConfigError when the file is wrong, OSError when the secret cannot be kept."""
    if settings is None:
        path = os.environ.get("MEDIASERVER_CONFIG")
        settings = load(path) if path else Settings()
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secret_key(settings.web.secret_file),
        SESSION_COOKIE_NAME="console",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=auth.SESSION_S),
        SESSION_REFRESH_EACH_REQUEST=False,
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=365),  # their URLs carry their content's hash
        MAX_CONTENT_LENGTH=64 * 1024,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        RATELIMIT_HEADERS_ENABLED=True,
        RECORDINGS=settings.recording.directory,
        HEARTBEAT_S=5.0,
        STREAM_BEATS=120,
    )
    _logging()
    app.extensions["settings"] = settings
    app.extensions["ended_sessions"] = auth.EndedSessions()
    app.extensions["seen_users"] = {}
    app.extensions["gateway"] = gateway or Gateway(SyncCtiClient(settings.cti.socket))
    data.init(app, settings)
    i18n.init(app, settings.server.language)
    linewords.init(app)
    saidwords.init(app)
    security.init(app)
    _extensions(app)
    _templates(app, settings)
    _errors(app)
    for room in (auth, board, calls, recordings, trace, lines, system, actions):
        app.register_blueprint(room.views)
    return app


def _logging() -> None:
    """Who did what is always written, to stderr unless somebody arranged otherwise."""
    access = logging.getLogger("web.access")
    access.setLevel(logging.INFO)
    if not access.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        access.addHandler(handler)


def _extensions(app: Flask) -> None:
    auth.csrf.init_app(app)
    auth.limiter.init_app(app)
    auth.login_manager.init_app(app)
    auth.login_manager.session_protection = "strong"


def _templates(app: Flask, settings: Settings) -> None:
    app.jinja_env.globals.update(
        site_name=settings.server.name,
        asset=lambda name: _asset(app, name),
        navigation=_navigation,
        boot=lambda: _boot(app),
        here=_here,
        may=allowed,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True


def _asset(app: Flask, name: str) -> str:
    return url_for("static", filename=name, v=_print(Path(str(app.static_folder)) / name))


@cache
def _print(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _here() -> str:
    """The page to come back to: this one, if it can be asked for again."""
    if request.endpoint == "auth.sign_in":
        return url_for("auth.login", next=request.args.get("next"))
    return request.full_path.rstrip("?") if request.method == "GET" else ""


_PAGES = (
    ("board", "board.page", "board", "layout-grid"),
    ("calls", "calls.page", "calls", "phone"),
    ("recordings", "recordings.page", "recordings", "microphone"),
    ("trace", "trace.page", "trace", "list-details"),
    ("lines", "lines.page", "lines", "plug-connected"),
    ("system", "system.page", "system", "activity"),
)


def _navigation() -> list[dict[str, Any]]:
    names = {
        "board": _("Board"),
        "calls": _("Calls"),
        "recordings": _("Recordings"),
        "trace": _("Trace"),
        "lines": _("Lines"),
        "system": _("System"),
    }
    return [
        {
            "text": names[name],
            "url": url_for(endpoint),
            "icon": icon,
            "chord": f"g {name[0]}",
            "here": request.blueprint == name,
        }
        for name, endpoint, permission, icon in _PAGES
        if allowed(permission)
    ]


def _boot(app: Flask) -> dict[str, Any]:
    """What the scripts need to know; read as data, never run."""
    pages = {item["chord"][-1]: item["url"] for item in _navigation()}
    return {
        "words": i18n.script_words(),
        "csrf": generate_csrf(),
        "go": pages,
        "heartbeat_ms": round(app.config["HEARTBEAT_S"] * 1000),
        "wait_limit_s": WAIT_LIMIT_S,
        "icons": _asset(app, "vendor/tabler-icons/icons.svg"),
        "nonce": security.nonce(),
        "urls": {
            "live": url_for("board.live"),
            "session": url_for("auth.check"),
            "login": url_for("auth.login", next=_here() or None),
            "call": url_for("calls.story", call_id="__id__"),
            "hangup": url_for("actions.hangup", call_id="__id__"),
            "agent": url_for("actions.agent_state", name="__id__"),
            "counters": url_for("system.counters"),
        },
    }


def _errors(app: Flask) -> None:
    def say(code: int, title: str, text: str = "", short: str = "") -> tuple[str | Response, int]:
        """A page; for a script one line, `short` where the text alone would not do."""
        if request.path.startswith("/api/"):
            return Response(short or text or title, mimetype="text/plain"), code
        return render_template("error.html", title=title, text=text, code=code), code

    @app.errorhandler(400)
    def bad(error: Any) -> Any:
        return say(400, _("That was not understood."), str(getattr(error, "description", "")))

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> Any:
        return say(400, _("The form has expired. Go back and try again."))

    @app.errorhandler(403)
    def forbidden(_error: Any) -> Any:
        return say(403, _("Your role does not allow this."))

    @app.errorhandler(404)
    def missing(_error: Any) -> Any:
        return say(404, _("There is nothing here."))

    @app.errorhandler(429)
    def too_often(_error: Any) -> Any:
        return say(429, _("Too many attempts. Wait a minute, then try again."))

    @app.errorhandler(500)
    def fault(_error: Any) -> Any:
        return say(500, _("The console failed. Its log says why."))

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Any:
        return say(error.status, _("The media server says no."), saidwords.refusal(error.error))

    @app.errorhandler(DoorClosed)
    def no_server(_error: Any) -> Any:
        title = _("The media server does not answer.")
        return say(503, title, _("Try again shortly."), short=title)

    @app.errorhandler(data.Unavailable)
    def no_database(_error: Any) -> Any:
        return say(503, _("The database cannot be reached."), _("Calls go on; try again shortly."))
