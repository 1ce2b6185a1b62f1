"""What people do to calls and agents. All of it by POST with a CSRF token."""

from __future__ import annotations

import logging

from flask import Blueprint, abort, current_app, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from web import data
from web.i18n import LANGUAGES
from web.permissions import needs, public
from web.security import safe_next
from web.views.board import gateway

views = Blueprint("actions", __name__)
access = logging.getLogger("web.access")

AGENT_STATES = ("ready", "away", "logged_out")


@views.post("/api/calls/<call_id>/hangup")
@needs("hangup")
def hangup(call_id: str) -> dict[str, bool]:
    """Clear a live call."""
    gateway().request("hangup", {"call_id": call_id}, by=(current_user.login, current_user.role))
    access.info("hangup user=%s call=%r", current_user.login, call_id)
    return {"ok": True}


@views.post("/api/agents/<name>/state")
@needs("agents")
def agent_state(name: str) -> dict[str, bool]:
    """Make an agent ready, away or signed out; agents may move themselves only."""
    state = request.form.get("state", "")
    if state not in AGENT_STATES:
        abort(400, _("The state must be one of: %(states)s.", states=", ".join(AGENT_STATES)))
    if current_user.role == "agent" and name != current_user.login:
        abort(403)
    reason = request.form.get("reason", "")[:64] or "console"
    params = {"agent": name, "state": state, "reason": reason}
    gateway().request("agent_state", params, by=(current_user.login, current_user.role))
    access.info("agent_state user=%s agent=%r state=%s", current_user.login, name, state)
    return {"ok": True}


@views.post("/language/<code>")
@public
def language(code: str) -> AnyResponse:
    """Speak another language from now on; kept with the account of whoever is signed in."""
    if code not in LANGUAGES:
        abort(404)
    session["language"] = code
    if current_user.is_authenticated:
        data.set_language(current_user.id, code)
    home = url_for("board.page") if current_user.is_authenticated else url_for("auth.login")
    return redirect(safe_next(request.form.get("next"), home))


@views.get("/healthz")
@public
def health() -> dict[str, bool]:
    """For a watchdog: the console answers, and whether the daemon does."""
    door = current_app.extensions["gateway"]
    return {"console": True, "daemon": bool(door.fanout.link_state["up"])}
