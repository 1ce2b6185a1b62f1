"""Checks that only listen: figures of a line in service, noise and hum of a quiet one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from mediaserver.audio.spectrum import likeness
from mediaserver.linedoctor import measure, words
from mediaserver.linedoctor.listen import Floats, Stretch, listen
from mediaserver.linedoctor.place import Place
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
    text = "; ".join(f"{each.what}: {each.text}" for each in findings)
    todo = "; ".join(each.todo for each in findings if each.todo)
    flat = {name: value for name, value in found.items() if name != "echo"}
    flat |= {f"echo_{name}": value for name, value in (echo or {}).items()}
    return Verdict("figures", words.worst(findings), text, todo, flat)


async def noise(place: Place, wanted: Wanted) -> Verdict:
    """Of a line with nothing on it."""
    heard = (await stretch_of(place, wanted.long(QUIET_S))).heard
    flat, weighted = measure.level_dbm0(heard), await aside(measure.weighted_dbm0p, heard)
    found = {"noise_dbm0": flat, "noise_dbm0p": weighted}
    text = f"{words.level_words(flat, 1)}, {weighted:.1f} dBm0p as the ear weighs it"
    if flat < -80:
        return Verdict("noise", OK, "silence: not even noise", "", found)
    alike = await aside(_likeness, heard) if flat > SIGNAL_DBM0 else "noise"
    if alike != "noise":
        todo = "dial a quiet termination with --number, or let nobody be on the line"
        return Verdict("noise", WARN, f"not quiet, {flat:.1f} dBm0: {alike}", todo, found)
    if weighted > NOISY_DBM0P:
        state = BAD if weighted > BAD_NOISE_DBM0P else WARN
        return Verdict(
            "noise", state, f"noisy: {text}", "look at cable, connectors and gains", found
        )
    return Verdict("noise", OK, text, "", found)


def _likeness(heard: Floats) -> str:
    return likeness((heard - heard.mean()).astype("float32"))


async def hum(place: Place, wanted: Wanted) -> Verdict:
    """The mains, in whole seconds of a quiet line."""
    heard = (await stretch_of(place, max(1.0, wanted.long(QUIET_S)))).heard
    found = await aside(measure.hum, heard)
    figures = {"hum_hz": found.mains_hz, "hum_dbm0": found.level_dbm0}
    figures |= {f"at_{hz}_hz_dbm0": level for hz, level in found.lines}
    if not found.mains_hz:
        return Verdict("hum", OK, "none at 50 or 60 Hz and their harmonics", "", figures)
    text = f"{found.level_dbm0:.1f} dBm0 of {found.mains_hz} Hz and its harmonics"
    if found.level_dbm0 <= HUM_DBM0:
        return Verdict("hum", OK, f"{text}: not heard", "", figures)
    state = BAD if found.level_dbm0 > BAD_HUM_DBM0 else WARN
    todo = "an earth loop, a wire of the pair to earth, or a cable beside the mains"
    return Verdict("hum", state, text, todo, figures)
