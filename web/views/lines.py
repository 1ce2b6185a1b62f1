"""How the lines are: errors, alarms, echo; and tests of single channels.

What: an overview, a page a span, and a page a run of tests, which loads anew while it runs.
How: all of it comes from the media server's line doctor, which says sentences by their codes.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from web.permissions import needs
from web.views.board import gateway

views = Blueprint("lines", __name__)
access = logging.getLogger("web.access")

DAYS = 30
#: What can be done from the page, in order.
CHECKS = ("figures", "noise", "hum", "echo", "bert", "tone", "learn", "modem")
LONGEST_S = 3600


@views.get("/lines")
@needs("lines")
def page() -> str:
    """All spans."""
    return render_template("lines.html", **_ask("lines"))


@views.get("/lines/<span>")
@needs("lines")
def span(span: str) -> str:
    """One span: its history and its channels."""
    found = _ask("line", {"span": span[:64] or "-", "days": DAYS})
    for row in (*found["quarters"], *found["days"]):
        row["begun"] = datetime.fromisoformat(row["begun_utc"])
    for row in found["alarm_history"]:
        row["begun"] = datetime.fromisoformat(row["begun_utc"])
        ended = row["ended_utc"]
        row["ended"] = datetime.fromisoformat(ended) if ended else None
    return render_template("line.html", span=found, checks=CHECKS)


@views.post("/lines/<span>/checks")
@needs("line_tests")
def check(span: str) -> AnyResponse:
    """Begin checks of a channel of `span`; leads to their page."""
    number = request.form.get("channel", "")
    wanted = [name for name in CHECKS if name in request.form.getlist("check")]
    if not (number.isascii() and number.isdecimal() and len(number) <= 4) or not wanted:
        abort(400, _("Choose a channel and a check."))
    params = {
        "line": f"{span[:64]}/{int(number)}",
        "checks": wanted,
        "number": request.form.get("number", "").strip()[:40],
        "far": request.form.get("far", "").strip()[:64],
        "seconds": _seconds(),
        "force": request.form.get("force") == "1",
    }
    run = _ask("line_check", params)
    access.info("line_check user=%s line=%r", current_user.login, params["line"])
    return redirect(url_for("lines.run", number=run["id"]))


def _seconds() -> float:
    text = request.form.get("seconds", "").strip() or "0"
    if not (text.isascii() and text.isdecimal() and int(text) <= LONGEST_S):
        abort(400, _("Seconds must be 0 to %(most)d.", most=LONGEST_S))
    return float(text)


@views.get("/lines/checks/<int:number>")
@needs("lines")
def run(number: int) -> str:
    """A run of checks as it is now."""
    return render_template("line_run.html", run=_ask("line_result", {"id": max(1, number)}))


@views.post("/lines/checks/<int:number>/stop")
@needs("line_tests")
def stop(number: int) -> AnyResponse:
    """End a run of checks."""
    _ask("line_stop", {"id": max(1, number)})
    return redirect(url_for("lines.run", number=number))


def _ask(method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    return gateway().request(method, params, by=(current_user.login, current_user.role))
