"""What the machine itself says: engine counters, alarms, spans, the link to the daemon."""

from __future__ import annotations

from flask import Blueprint, render_template

from web.permissions import needs
from web.views.board import gateway

views = Blueprint("system", __name__)


@views.get("/system")
@needs("system")
def page() -> str:
    """The system page; its figures are kept live by script."""
    gateway()
    return render_template("system.html")


@views.get("/api/counters")
@needs("system")
def counters() -> dict[str, object]:
    """Engine counters as the daemon gives them now, and who listens to the console.

    Raises DoorClosed (answered with 503) while the daemon cannot be reached."""
    door = gateway()
    status = door.request("status")
    return {"status": status, "listeners": door.fanout.listeners, "link": door.fanout.link_state}
