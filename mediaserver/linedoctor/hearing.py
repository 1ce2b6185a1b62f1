"""Checks that only listen: figures of a line in service, noise and hum of a quiet one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from mediaserver.audio.spectrum import kind_of
from mediaserver.linedoctor import measure, words
from mediaserver.linedoctor.listen import Floats, Stretch, listen
from mediaserver.linedoctor.place import Place
from mediaserver.linedoctor.say import say, together
from mediaserver.linedoctor.verdict import Verdict
from mediaserver.linedoctor.wanted import Wanted
from mediaserver.linedoctor.words import BAD, OK, WARN

T = TypeVar("T")

FIGURES_S = 2.4  # the noise floor needs 1.6 s
QUIET_S = 5.0
NOISY_DBM0P, BAD_NOISE_DBM0P = -60.0, -50.0
HUM_DBM0, BAD_HUM_DBM0 = -55.0, -40.0
SIGNAL_DBM0 = -40.0  # what is louder is no noise of a quiet line


async def aside(work: Callable[..., T], *args: object) -> T:
    """Arithmetic on a stretch, off the loop."""
    return await asyncio.get_running_loop().run_in_executor(None, work, *args)


async def stretch_of(place: Place, seconds: float) -> Stretch:
    """The next `seconds`. Raises CannotCheck when the line went meanwhile, NothingHeard."""
    try:
        return await listen(place.port, place.session.law, seconds)
    finally:
        place.standing()  # the end of a call ends listening too


async def figures(place: Place, wanted: Wanted) -> Verdict:
    """In service: levels both ways, the noise floor, what the echo canceller knows."""
    stretch = await stretch_of(place, wanted.long(FIGURES_S))
    echo = place.port.echo_figures
    found = {
        "in_dbm0": measure.level_dbm0(stretch.heard),
        "out_dbm0": measure.level_dbm0(stretch.sent),
        "noise_dbm0": await aside(measure.floor_dbm0, stretch.heard),
        "echo": echo,
    }
    findings = list(words.of_channel(found))
    said = [say("of", what=say(f"what.{each.what}"), text=each.said) for each in findings]
    advice = together(each.advice for each in findings)
    flat = {name: value for name, value in found.items() if name != "echo"}
    flat |= {f"echo_{name}": value for name, value in (echo or {}).items()}
    return Verdict("figures", words.worst(findings), together(said) or said[0], advice, flat)


async def noise(place: Place, wanted: Wanted) -> Verdict:
    """Of a line with nothing on it."""
    heard = (await stretch_of(place, wanted.long(QUIET_S))).heard
    flat, weighted = measure.level_dbm0(heard), await aside(measure.weighted_dbm0p, heard)
    found = {"noise_dbm0": flat, "noise_dbm0p": weighted}
    if flat < -80:
        return Verdict("noise", OK, say("noise.none"), None, found)
    kind, hz = await aside(_kind, heard) if flat > SIGNAL_DBM0 else ("noise", 0.0)
    if kind != "noise":
        said = say(f"noise.{kind}", dbm0=flat, hz=hz)
        return Verdict("noise", WARN, said, say("noise.quiet.do"), found)
    measured = {"level": words.level(flat, exact=True), "dbm0p": weighted}
    if weighted > NOISY_DBM0P:
        state = BAD if weighted > BAD_NOISE_DBM0P else WARN
        return Verdict("noise", state, say("noise.much", **measured), say("noise.much.do"), found)
    return Verdict("noise", OK, say("noise", **measured), None, found)


def _kind(heard: Floats) -> tuple[str, float]:
    return kind_of((heard - heard.mean()).astype("float32"))


async def hum(place: Place, wanted: Wanted) -> Verdict:
    """The mains, in whole seconds of a quiet line."""
    heard = (await stretch_of(place, max(1.0, wanted.long(QUIET_S)))).heard
    found = await aside(measure.hum, heard)
    figures = {"hum_hz": found.mains_hz, "hum_dbm0": found.level_dbm0}
    figures |= {f"at_{hz}_hz_dbm0": level for hz, level in found.lines}
    if not found.mains_hz:
        return Verdict("hum", OK, say("hum.none"), None, figures)
    measured = {"dbm0": found.level_dbm0, "mains_hz": found.mains_hz}
    if found.level_dbm0 <= HUM_DBM0:
        return Verdict("hum", OK, say("hum.unheard", **measured), None, figures)
    state = BAD if found.level_dbm0 > BAD_HUM_DBM0 else WARN
    return Verdict("hum", state, say("hum", **measured), say("hum.do"), figures)
