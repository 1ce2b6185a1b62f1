"""The live board, and the stream every page listens to."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from web.fanout import Subscriber, TooMany
from web.gateway import Gateway
from web.permissions import allowed, needs

views = Blueprint("board", __name__)


def gateway() -> Gateway:
    """The application's one door to the media server, opened at first use."""
    door: Gateway = current_app.extensions["gateway"]
    door.start()
    return door


@views.get("/")
@needs("board")
def home() -> AnyResponse:
    """The front door leads to the board."""
    return redirect(url_for("board.page"))


@views.get("/board")
@needs("board")
def page() -> str:
    """Spans, calls, queues, agents and alarms as they are now."""
    gateway()
    own = current_user.login if current_user.role == "agent" else ""
    return render_template("board.html", may_hangup=allowed("hangup"), own_agent=own)


@views.get("/api/live")
@needs("board")
def live() -> Response | tuple[str, int, dict[str, str]]:
    """Server-sent events: "link", then what was missed or a "snapshot", then "change"s.

    The last id comes in the Last-Event-ID header, or as `last` from a page that
    opened the stream anew. 503 when too many are open."""
    fanout = gateway().fanout
    last_id = request.headers.get("Last-Event-ID") or request.args.get("last", "")
    try:
        subscriber = fanout.subscribe(last_id[:64])
    except TooMany as error:
        return str(error), 503, {"Retry-After": "10"}
    config = current_app.config
    stream = frames(subscriber, config["HEARTBEAT_S"], config["STREAM_BEATS"])
    answer = Response(stream, mimetype="text/event-stream")
    answer.call_on_close(lambda: fanout.leave(subscriber))
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def frames(subscriber: Subscriber, heartbeat_s: float, beats: int) -> Iterator[str]:
    """The stream's text. A beat fills each silence of `heartbeat_s`.

    After `beats` of them the stream ends, so that a browser comes back and its
    session is looked at again."""
    with subscriber:
        yield "retry: 1000\n\n"
        left = beats
        while left:
            message = subscriber.next(heartbeat_s)
            if message is None:
                left -= 1
                message = subscriber.beat()
            yield message.frame()
