"""What the lines' signalling says, for supervisors and technicians: live, looked back at, saved."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _
from flask_login import current_user

from mediaserver.cti import pcap
from web.permissions import needs
from web.saidwords import trace_row
from web.views.board import gateway

views = Blueprint("trace", __name__)

PAGE = 200  # the most the media server gives at once
SAVED = 4000  # the most a capture file holds


@views.get("/trace")
@needs("trace")
def page() -> str:
    """The trace page; its rows are asked for by script."""
    gateway()
    return render_template("trace.html")


@views.get("/api/trace")
@needs("trace")
def rows() -> dict[str, Any]:
    """Entries of `span` numbered above `after`, or below `before`: the newest 200 of them,

    in the page's language.

    400 for a number that is none; the media server's own refusals keep their status."""
    told = _ask(_number("after"), _number("before"), PAGE)
    return told | {"entries": [trace_row(row) for row in told["entries"]]}


@views.get("/trace/<span>.pcap")
@needs("trace")
def capture(span: str) -> Response:
    """What is kept of a span's frames, for Wireshark."""
    found: list[dict[str, Any]] = []
    before, side = 0, ""
    while len(found) < SAVED:
        answer = _ask(0, before, PAGE, span)
        side = answer["side"]
        if not answer["entries"]:
            break
        found = answer["entries"] + found
        before = answer["entries"][0]["seq"]
    data = pcap.header() + pcap.records(found, network=side == "network")
    answer_file = Response(data, mimetype="application/vnd.tcpdump.pcap")
    answer_file.headers.set("Content-Disposition", "attachment", filename=f"{span}.pcap")
    return answer_file


def _ask(after: int, before: int, last: int, span: str | None = None) -> dict[str, Any]:
    wanted = {
        "span": (span if span is not None else request.args.get("span", ""))[:64] or "-",
        "after": after,
        "before": before,
        "last": last,
        "silent": request.args.get("silent") == "1",
    }
    return gateway().request("trace", wanted, by=(current_user.login, current_user.role))


def _number(name: str) -> int:
    text = request.args.get(name, "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        abort(400, _("“%(name)s” must be a number.", name=name))
    return int(text)
