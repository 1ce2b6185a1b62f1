"""National tone plans: which frequencies and cadences tell a caller what is going on.

What: `plan("cn")` gives a country's tones, `program("cn", "busy")` one of them, ready to sound.
How: tone_plans.toml is read once. A tone is a list of segments [frequencies in Hz, on in ms, off in
ms] with on 0 for continuous; the list repeats, but for `sit`, which is played once. Levels are in
dBm0 a frequency; the country's `level_dbm0` holds for the tones that `levels_dbm0` does not name.
Source: ITU-T E.180 and its Supplement 2, GB 3380 for China; each country's `source` says more.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dsp_ext.tone import Program, Segment

_DATA = Path(__file__).with_name("tone_plans.toml")
_PLAYED_ONCE = frozenset({"sit"})


class UnknownTone(KeyError):
    """No such country, or no such tone in it; says which there are."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class TonePlan:
    """The tones of a country.

    tones : segments by tone name; frequencies in Hz, times in ms, levels in dBm0
    ring_cadence_ms : on, off, on, off … of the bell
    """

    country: str
    name: str
    tones: Mapping[str, tuple[Segment, ...]]
    ring_cadence_ms: tuple[int, ...]
    source: str

    def program(self, tone: str) -> Program:
        """The tone as a program. Raises UnknownTone."""
        if tone not in self.tones:
            names = ", ".join(sorted(self.tones))
            raise UnknownTone(f"tone plan {self.country!r} has no tone {tone!r}; it has {names}")
        repeat_from = None if tone in _PLAYED_ONCE else 0
        return Program.from_segments(
            self.tones[tone], repeat_from=repeat_from, name=f"{self.country}/{tone}"
        )

    def burst(self, tone: str) -> tuple[Program, int]:
        """(the tone once, up to its longest pause; that pause in ms). Raises UnknownTone."""
        self.program(tone)
        segments = self.tones[tone]
        last = max(range(len(segments)), key=lambda at: segments[at].off_ms)
        parts = [*segments[:last], segments[last]._replace(off_ms=0)]
        name = f"{self.country}/{tone} once"
        return Program.from_segments(parts, name=name), int(segments[last].off_ms)


@cache
def _countries() -> dict[str, TonePlan]:
    with _DATA.open("rb") as file:
        data = tomllib.load(file)
    return {code: _plan(code, entry) for code, entry in data["country"].items()}


def _plan(code: str, entry: dict[str, object]) -> TonePlan:
    values: dict[str, object] = {"level_dbm0": -10.0, "levels_dbm0": {}, **entry}
    levels = values["levels_dbm0"]
    tones = values["tones"]
    ring = values["ring_cadence_ms"]
    assert isinstance(levels, dict) and isinstance(tones, dict) and isinstance(ring, list)
    return TonePlan(
        country=code,
        name=str(values["name"]),
        tones={
            name: tuple(
                Segment(tuple(hz), on_ms, off_ms, levels.get(name, values["level_dbm0"]))
                for hz, on_ms, off_ms in segments
            )
            for name, segments in tones.items()
        },
        ring_cadence_ms=tuple(ring),
        source=str(values["source"]),
    )


def countries() -> tuple[str, ...]:
    """The country codes there are plans for, China first."""
    return tuple(_countries())


def plan(country: str) -> TonePlan:
    """A country's tones. Raises UnknownTone."""
    found = _countries().get(country)
    if found is None:
        raise UnknownTone(f"no tone plan {country!r}; there are {', '.join(countries())}")
    return found


@cache
def program(country: str, tone: str) -> Program:
    """One tone of a country, ready to be sounded. Raises UnknownTone."""
    return plan(country).program(tone)
