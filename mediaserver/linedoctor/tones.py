"""What tone is on the line: its frequencies and cadence, and whether it is one we know.

What: for an exchange whose busy tone nobody wrote down. The line is lifted, a number dialled that
gives the tone, and what is heard is measured and held against the country's plan.
How: the detectors of recordings name it; frequencies and cadence are measured from the samples.
`learn` has the line's own detector learn it, as it does in a call, and keeps it for later calls.
Limits: a cadence needs two whole periods; up to three frequencies, 12 dB apart at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from drivers.base import SpanKind
from drivers.said import Said
from dsp_ext.progress_plan import BusyTone
from dsp_ext.units import SAMPLE_RATE
from mediaserver.audio.hear import Heard, listen
from mediaserver.audio.sound import Sound
from mediaserver.linedoctor import measure
from mediaserver.linedoctor.hearing import aside, stretch_of
from mediaserver.linedoctor.measure import Floats
from mediaserver.linedoctor.place import Place
from mediaserver.linedoctor.say import say, together
from mediaserver.linedoctor.sentences import SENTENCES
from mediaserver.linedoctor.verdict import CannotCheck, Verdict
from mediaserver.linedoctor.wanted import Wanted
from mediaserver.linedoctor.words import OK, WARN

TONE_S = 12.0
FRAME = SAMPLE_RATE // 100
LEAST_DBM0 = -43.0
BELOW_DB = 15.0  # the loudest: from there on a frame is a pause
MOST_HZ = 3
APART_DB = 12.0
SHORTEST = 4  # frames of a sound or pause; less is a click


@dataclass(frozen=True, slots=True)
class Shape:
    """A tone as measured. on_ms, off_ms : 0 of one without pauses; hz : the strongest first."""

    hz: tuple[float, ...]
    on_ms: int
    off_ms: int
    level_dbm0: float


def shape(samples: Floats) -> Shape | None:
    """Of the tone that fills a stretch; None where nothing sounds."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    levels = np.array([measure.dbm0(float(np.mean(frame**2))) for frame in frames])
    most = float(np.percentile(levels, 98)) if levels.size else measure.dbm0(0.0)
    if most < LEAST_DBM0:
        return None
    sounds = levels > most - BELOW_DB
    runs = _runs(sounds)
    if not runs:
        return None
    whole = runs[1:-1]  # the first and the last are cut
    on = [length for value, length in whole if value]
    off = [length for value, length in whole if not value]
    steady = not on or not off
    loud = float(np.mean(frames[sounds] ** 2))
    return Shape(
        _frequencies(frames, sounds),
        0 if steady else round(float(np.median(on)) * 10),
        0 if steady else round(float(np.median(off)) * 10),
        measure.dbm0(loud),
    )


def _runs(sounds: np.ndarray) -> list[tuple[bool, int]]:
    """(sounds, frames) in order; clicks and short breaks are part of what is around them."""
    runs: list[tuple[bool, int]] = []
    for value in sounds.tolist():
        if runs and runs[-1][0] == value:
            runs[-1] = (value, runs[-1][1] + 1)
        elif runs and runs[-1][1] < SHORTEST and len(runs) > 1:
            short = runs.pop()
            runs[-1] = (value, runs[-1][1] + short[1] + 1)
        else:
            runs.append((value, 1))
    return runs


def _frequencies(frames: Floats, sounds: np.ndarray) -> tuple[float, ...]:
    """Lines of the spectrum of the longest stretch that sounds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], sounds.astype(np.int8), [0]])))
    first, last = max(
        zip(edges[::2], edges[1::2], strict=True), key=lambda pair: int(pair[1] - pair[0])
    )
    part = frames[first:last].reshape(-1)[: 2 * SAMPLE_RATE]
    size = 1 << 16
    power = np.abs(np.fft.rfft(part * np.hanning(len(part)), size)) ** 2
    width = int(4 * size / len(part)) + 1  # a line's foot
    found: list[float] = []
    strongest = float(power.max())
    for _ in range(MOST_HZ):
        at = int(np.argmax(power))
        if power[at] < strongest * 10 ** (-APART_DB / 10):
            break
        found.append(round(at * SAMPLE_RATE / size, 0))
        power[max(0, at - width) : at + width + 1] = 0.0
    return tuple(found)


async def tone(place: Place, wanted: Wanted) -> Verdict:
    """What tone is on the line."""
    heard = (await stretch_of(place, wanted.long(TONE_S))).heard
    found = await aside(shape, heard)
    if found is None:
        return Verdict("tone", WARN, say("tone.none"), say("tone.none.do"))
    named = await aside(_named, heard, place.plan)
    return _told(found, named, place.plan)


async def learn(place: Place, wanted: Wanted) -> Verdict:
    """Let the line's detector learn the busy tone that is on it, and keep it for this line."""
    line = place.slot.channel.name
    if place.slot.signalling.span.kind is not SpanKind.FXO or place.busy is None:
        raise CannotCheck(say("learn.needless", line=line))
    learned: list[BusyTone] = []
    undo = place.port.on_busy(learned.append)
    place.port.progress(place.plan)
    try:
        heard = (await stretch_of(place, wanted.long(TONE_S))).heard
    finally:
        undo()
        place.port.progress(None)
    if learned:
        busy = learned[-1]
        place.busy.learned(line, busy)
        figures = {"hz": busy.hz, "on_ms": busy.on_ms, "off_ms": busy.off_ms}
        return Verdict("learn", OK, say("learn", line=line, **figures), None, figures)
    named = await aside(_named, heard, place.plan)
    if named:
        known = say("learn.known", tone=_name(named[0]), plan=place.plan)
        return Verdict("learn", OK, known)
    return Verdict("learn", WARN, say("learn.none"), say("learn.none.do"))


def _named(heard: Floats, plan: str) -> list[Heard]:
    pcm = np.ascontiguousarray(heard.astype(np.float32)[:, np.newaxis])
    sound = Sound("", pcm, ("line",), SAMPLE_RATE, "")
    return [each for each in listen(sound, plan) if each.kind == "tone"]


def _name(heard: Heard) -> Said:
    code = f"tone.{heard.name}"
    if code in SENTENCES:
        return say(code)
    return say("tone.other", name=heard.name.replace("_", " "))


def _told(found: Shape, named: list[Heard], plan: str) -> Verdict:
    figures = {f"hz_{place}": hz for place, hz in enumerate(found.hz, 1)}
    figures |= {"on_ms": found.on_ms, "off_ms": found.off_ms, "level_dbm0": found.level_dbm0}
    shown = {"hz": " + ".join(f"{each:.0f}" for each in found.hz), "dbm0": found.level_dbm0}
    if found.on_ms:
        shape = say("tone.cadence", on_ms=found.on_ms, off_ms=found.off_ms, **shown)
    else:
        shape = say("tone.steady", **shown)
    if not named:
        strange = say("tone.strange", shape=shape, plan=plan)
        return Verdict("tone", WARN, strange, say("tone.strange.do"), figures)
    names = together(_name(each) for each in {each.name: each for each in named}.values())
    return Verdict("tone", OK, say("of", what=names, text=shape), None, figures)
