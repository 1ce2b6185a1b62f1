"""The list of calls, and one call's story."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from flask_login import current_user

from web import data
from web.permissions import allowed, needs, own_agent
from web.search import neighbours, read_search
from web.story import tell

views = Blueprint("calls", __name__)


@views.get("/calls")
@needs("calls")
def page() -> str:
    """Calls, newest first, narrowed by number, time, agent and queue."""
    search = read_search()
    found = data.calls(search, own_agent())
    return render_template(
        "calls.html",
        search=search,
        page=found,
        neighbours=neighbours(found),
        names=data.names(),
        fixed_agent=own_agent(),
    )


@views.get("/calls/<call_id>")
@needs("calls")
def story(call_id: str) -> str:
    """One call: what happened when, its legs, its recording."""
    call = data.call(call_id)
    if call is None or not may_see(call.agent):
        abort(404)
    recordings = data.recordings_of(call_id) if allowed("recordings") else []
    return render_template(
        "story.html", call=call, story=tell(data.story(call_id)), recordings=recordings
    )


def may_see(agent: str | None) -> bool:
    """Whether a call this agent took may be seen by the person signed in."""
    return current_user.role != "agent" or agent == current_user.login
