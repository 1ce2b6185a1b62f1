"""Recordings: the list, the waveform, the sound.

A recording is asked for by its opaque id; the path comes from the database and
is opened strictly beneath the recordings' root. What someone may not hear is
answered like what does not exist. Each time sound is given out the access log
says to whom.
"""

from __future__ import annotations

import logging
import re
from typing import Any, BinaryIO

from flask import Blueprint, Response, abort, current_app, render_template, request
from flask_login import current_user

from mediaserver.db.models import CallRow
from mediaserver.recording.store import (
    BrokenHeader,
    UnsafePath,
    open_beneath,
    wav_pcm16,
    wav_pcm16_size,
    waveform,
)
from web import data
from web.i18n import local
from web.permissions import needs, own_agent
from web.search import neighbours, read_search
from web.views.calls import may_see

views = Blueprint("recordings", __name__)
access = logging.getLogger("web.access")

MAX_POINTS = 4000


@views.get("/recordings")
@needs("recordings")
def page() -> str:
    """Recordings, newest first, narrowed by number, time, agent and queue."""
    search = read_search()
    found = data.recordings(search, own_agent())
    return render_template(
        "recordings.html",
        search=search,
        page=found,
        neighbours=neighbours(found),
        names=data.names(),
        fixed_agent=own_agent(),
    )


@views.get("/api/recordings/<recording_id>/waveform")
@needs("recordings")
def peaks(recording_id: str) -> dict[str, Any]:
    """Peaks of both directions, 0 … 1, for `points` places."""
    _call, file = _open(recording_id)
    points = request.args.get("points", 1200, type=int)
    with file:
        try:
            drawn = waveform(file, max(1, min(points, MAX_POINTS)))
        except BrokenHeader:
            abort(404)
    return {"duration_ms": drawn.duration_ms, "left": drawn.left, "right": drawn.right}


@views.get("/recordings/<recording_id>.wav")
@needs("recordings")
def sound(recording_id: str) -> Response:
    """The recording as 16-bit stereo WAV, all of it or the range asked for."""
    call, file = _open(recording_id)
    try:
        size = wav_pcm16_size(file)
    except BrokenHeader:
        file.close()
        abort(404)
    wanted = request.range
    span = wanted.range_for_length(size) if wanted else None
    if wanted and span is None:
        file.close()
        return Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, end = span or (0, size)
    who = (current_user.login, request.remote_addr, recording_id, call.id if call else "")
    access.info("recording user=%s address=%s id=%s call=%s bytes=%d-%d", *who, start, end)
    response = Response(wav_pcm16(file, start, end), 206 if span else 200, mimetype="audio/wav")
    response.call_on_close(file.close)
    response.headers["Content-Length"] = str(end - start)
    response.headers["Accept-Ranges"] = "bytes"
    if span:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if "download" in request.args:
        response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(call)}"'
    return response


def _open(recording_id: str) -> tuple[CallRow | None, BinaryIO]:
    """The call and the open file; 404 for whatever must not or cannot be heard."""
    found = data.recording(recording_id)
    if found is None:
        abort(404)
    call = found.call
    if not may_see(call.agent if call else None):
        access.warning("recording refused user=%s id=%s", current_user.login, recording_id)
        abort(404)
    try:
        return call, open_beneath(current_app.config["RECORDINGS"], found.recording.path)
    except (UnsafePath, OSError) as error:
        access.error("recording id=%s cannot be opened: %s", recording_id, error)
        abort(404)


def _file_name(call: CallRow | None) -> str:
    if call is None:
        return "recording.wav"
    caller = re.sub(r"[^0-9A-Za-z+]", "", call.caller) or "withheld"
    return f"{local(call.started_utc, '%Y%m%d-%H%M%S')}-{caller}.wav"
