"""The check that sends: white noise out, and what comes back of it is the line's echo.

How: the path is fitted to what came (see `measure`): noise and hum of the line do not count.
Its delay is counted as the canceller counts it, from the block after the one in which it was sent.
"""

from __future__ import annotations

import asyncio

import numpy as np

from dsp_ext.units import SAMPLE_RATE, peak
from mediaserver.linedoctor import measure
from mediaserver.linedoctor.hearing import aside, stretch_of
from mediaserver.linedoctor.listen import Stretch
from mediaserver.linedoctor.place import Place
from mediaserver.linedoctor.say import say
from mediaserver.linedoctor.verdict import CannotCheck, Verdict
from mediaserver.linedoctor.wanted import Wanted
from mediaserver.linedoctor.words import BAD, OK, WARN

SENT_DBM0 = -13.0
ECHO_S = 6.0
BEFORE_S = 0.3
SEED = 168
NONE_DB = 45.0  # a loss from which nothing is heard
LOOP_DB = 1.0
LEAST_ERL_DB, LEAST_ERLE_DB = 6.0, 20.0
NEAR_NOISE_DB = 6.0  # what the canceller leaves is the line's own noise


async def echo(place: Place, wanted: Wanted) -> Verdict:
    """Return loss over frequency, delay, and what our canceller makes of it."""
    seconds = max(2.0, wanted.long(ECHO_S))
    stretch = await _sent_and_heard(place, seconds)
    if measure.level_dbm0(stretch.sent) < SENT_DBM0 - 6:
        raise CannotCheck(say("echo.unsent"), say("echo.unsent.do"))
    path = await aside(measure.echo_path, stretch.sent, stretch.heard)
    block_ms = place.session.engine.block * 1000 / SAMPLE_RATE
    delay = max(0.0, path.delay_ms - block_ms)
    figures = {
        "erl_db": path.erl_db,
        "delay_ms": delay,
        "erle_db": path.erle_db,
        "noise_dbm0": path.noise_dbm0,
    }
    figures |= {f"erl_at_{hz}_hz_db": loss for hz, loss in path.bands}
    return _judged(path, delay, figures)


async def _sent_and_heard(place: Place, seconds: float) -> Stretch:
    rng = np.random.default_rng(SEED)
    rms = peak(SENT_DBM0) / 2**0.5
    noise = rng.normal(0, rms, int((seconds + 1) * SAMPLE_RATE)).clip(-32767, 32767)
    playing = asyncio.ensure_future(place.port.play(noise.astype(np.int16)))
    try:
        await asyncio.sleep(BEFORE_S)
        return await stretch_of(place, seconds)
    finally:
        place.port.stop()
        playing.cancel()


def _judged(path: measure.EchoPath, delay: float, figures: dict[str, float]) -> Verdict:
    loss, taken = path.erl_db, path.erle_db
    if loss >= NONE_DB:
        return Verdict("echo", OK, say("echo.none", none_db=NONE_DB), None, figures)
    said = say("echo", erl_db=loss, delay_ms=delay, erle_db=taken)
    if loss < LOOP_DB:
        return Verdict("echo", BAD, said, say("echo.loop.do"), figures)
    if loss < LEAST_ERL_DB:
        return Verdict("echo", BAD, said, say("echo.hybrid.do"), figures)
    left = SENT_DBM0 - loss - taken
    if taken < LEAST_ERLE_DB and left > path.noise_dbm0 + NEAR_NOISE_DB:
        return Verdict("echo", WARN, said, say("echo.path.do"), figures)
    return Verdict("echo", OK, said, None, figures)
