"""What the call-progress detector listens for: a tone plan as sounds and patterns of them.

What: `compile_plan` turns a country's tones into the detector's data: which bins of its spectrum
(25 Hz wide, about a centre that suits the plan) a sound fills, and the cadences of these sounds.
How: tones whose frequencies lie within 30 Hz of each other are one sound, because what a caller
hears as one tone may be sent as one frequency, as two close ones or modulated; their cadences tell
them apart. Patterns that differ by less than a tenth are one pattern with several names.
Limits: frequencies of a plan within 320 Hz of each other, 8 sounds, 16 patterns.
Source: ITU-T E.180 (limits of frequency and cadence), the plans' own sources.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dsp_ext.tone_plan import TonePlan

BIN_HZ = 25
BINS = 16
HOP_MS = 10
PATTERNS = 16
SIGNATURES = 8
# What a caller hears while a call is set up; the others are heard in a call or by the called party.
HEARD = ("dial", "special_dial", "second_dial", "ringback", "busy", "congestion", "vacant")

_REACH_HZ = 26.0  # from a frequency to the centres of its bins: China's ±25 Hz
_CLOSE_HZ = 30.0
_WIDEST_HZ = 320.0
_BUSY_HZ = 425.0  # as E.180 recommends them
_INSIDE_HZ = 135.0
_TOLERANCE = 0.15  # of a step's length, and
_JITTER_MS = 15.0  # what the hops and the line add
_ALIKE = 0.10
_ANY = 16  # the first of the sounds that no plan knows, as in progress_track.pxd
_BUSY_HOPS = range(8, 126)
_CONTINUOUS_MS = 1000.0
_LONG_PAUSE_MS = 1200.0
_SHORT_PAUSE_MS = 60.0  # so long a note that trembles or decays may seem to pause
_PAUSE_HOLD_MS = 800.0  # of a long pause, so that what came before is taken for ringing


class ProgressEvent(NamedTuple):
    """A tone that was heard.

    tone : its name in the plan (dial, ringback, busy, congestion, special_dial, vacant …), or
        sit, cng, ced, modem (2100 Hz with phase reversals), voice, learned_busy
    alike : other names of the plan that this tone may have as well, because they sound the same
    start_ms : when it began, as far back as it was followed; at_ms : when that was sure; both
        since the detector's beginning
    level_dbm0 : of the tone while it sounds
    on_ms, off_ms : of a learned cadence; 0 for tones of the plan
    ended : whether this tells that it is over
    """

    channel: int
    tone: str
    alike: tuple[str, ...]
    start_ms: float
    at_ms: float
    level_dbm0: float
    on_ms: int
    off_ms: int
    ended: bool

    @property
    def duration_ms(self) -> float:
        """From its beginning to the telling."""
        return self.at_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Signature:
    """A sound of one or two frequencies, as masks of bins; `second` is 0 for a single one.

    beats : whether it may be two frequencies so close that they are heard as one that swells
    """

    hz: tuple[float, ...]
    all: int
    first: int
    second: int
    beats: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Part of a pattern. sound : 0 silence, else 1 + index of the signature; times in hops."""

    sound: int
    least: int
    nominal: int
    most: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A cadence. names : the tones that have it; need … even : see cadence.pxd."""

    names: tuple[str, ...]
    steps: tuple[Step, ...]
    repeats: bool
    need: int
    wait: int
    hold: int
    pause: int
    even: bool


@dataclass(frozen=True, slots=True)
class ListeningPlan:
    """All that the detector needs of a plan. centre_hz : of the band the plan's tones lie in."""

    centre_hz: float
    signatures: tuple[Signature, ...]
    patterns: tuple[Pattern, ...]

    def sound_hz(self, sound: int) -> float:
        """The frequency of the bin that a learned busy tone fills, of a pair the lower one.

        Raises ValueError for a number that is none.
        """
        if not _ANY <= sound < _ANY + BINS:
            raise ValueError(f"{sound} is no sound of a busy tone")
        width = BIN_HZ * BINS
        own = BIN_HZ * (sound - _ANY)
        return float(own + width * math.floor((self.centre_hz - own) / width + 0.5))


class BusyTone(NamedTuple):
    """A busy tone that no plan knows, as it was learned by a detector of `plan` (a country code).

    sound : as that detector numbers it; hz : of it, of a pair the lower one, to 25 Hz
    """

    plan: str
    sound: int
    hz: float
    on_ms: int
    off_ms: int


def known_how(plan: ListeningPlan, known: BusyTone) -> int:
    """A busy tone as the engine's command has it. Raises ValueError for one that a detector of

    this plan could not have learned, as when the plan has changed since.
    """
    sound, on, off = known_hops(plan, known.sound, known.on_ms, known.off_ms)
    if plan.sound_hz(sound) != known.hz:
        raise ValueError(f"sound {sound} is {plan.sound_hz(sound):g} Hz, not {known.hz:g}")
    return sound << 8 | on << 16 | off << 32


def known_hops(
    plan: ListeningPlan, sound: int, on_ms: float, off_ms: float
) -> tuple[int, int, int]:
    """A busy tone as the detector keeps it. Raises ValueError for one it could not have learned."""
    plan.sound_hz(sound)
    on, off = round(on_ms / HOP_MS), round(off_ms / HOP_MS)
    if not (on in _BUSY_HOPS and off in _BUSY_HOPS):
        raise ValueError(f"a busy tone has bursts and pauses of 80 to 1250 ms: {on_ms}, {off_ms}")
    return sound, on, off


_Raw = tuple[tuple[int, float], ...]  # (sound, ms); ms 0 is continuous


def compile_plan(plan: TonePlan, tones: Iterable[str] = HEARD) -> ListeningPlan:
    """The detector's data for those of `tones` that the plan has.

    Raises ValueError when there is none, a segment follows a continuous one, or the plan is beyond
    the limits above.
    """
    names = [name for name in tones if name in plan.tones]
    if not names:
        raise ValueError(f"tone plan {plan.country!r} has none of the tones asked for")
    kinds = _kinds([part.hz for name in names for part in plan.tones[name]])
    every = [hz for kind in kinds for member in kind for hz in member]
    if max(every) - min(every) > _WIDEST_HZ:
        raise ValueError(f"tone plan {plan.country!r} spreads over more than {_WIDEST_HZ:.0f} Hz")
    rows: dict[str, _Raw] = {}
    for name in names:
        parts = [(_kind_of(kinds, p.hz), p.on_ms, p.off_ms) for p in plan.tones[name]]
        rows[name] = _row(parts)
    for name, row in rows.items():
        if any(ms == 0 for _, ms in row[:-1]):
            raise ValueError(f"{plan.country}/{name}: a continuous segment can only be the last")
    patterns = _patterns(rows, [len({hz for each in kind for hz in each}) == 1 for kind in kinds])
    if len(kinds) > SIGNATURES or len(patterns) > PATTERNS:
        raise ValueError(f"tone plan {plan.country!r} has too many sounds or patterns")
    return ListeningPlan(
        centre_hz=_centre_hz(min(every), max(every)),
        signatures=tuple(_signature(kind) for kind in kinds),
        patterns=patterns,
    )


def _centre_hz(lowest: float, highest: float) -> float:
    """The middle of the band that is heard, 400 Hz of it: the plan's tones well inside, the rest

    where the world's busy tones are, as one that no plan knows may have to be learned.
    """
    inside = max(_INSIDE_HZ, (highest - lowest) / 2)
    return min(max(_BUSY_HZ, highest - inside), lowest + inside)


def _alike(one: Sequence[float], other: Sequence[float]) -> bool:
    def within(these: Sequence[float], those: Sequence[float]) -> bool:
        return all(min(abs(a - b) for b in those) <= _CLOSE_HZ for a in these)

    return within(one, other) and within(other, one)


def _kinds(sounds: Sequence[Sequence[float]]) -> list[list[tuple[float, ...]]]:
    """Sets of frequencies, grouped by being one sound to the detector."""
    kinds: list[list[tuple[float, ...]]] = []
    for hz in dict.fromkeys(tuple(sorted(sound)) for sound in sounds):
        for kind in kinds:
            if all(_alike(hz, member) for member in kind):
                kind.append(hz)
                break
        else:
            kinds.append([hz])
    return kinds


def _kind_of(kinds: Sequence[Sequence[tuple[float, ...]]], hz: Sequence[float]) -> int:
    wanted = tuple(sorted(hz))
    return 1 + next(index for index, kind in enumerate(kinds) if wanted in kind)


def _mask(hz: float) -> int:
    low = int(hz - _REACH_HZ) // BIN_HZ
    bins = range(low, low + 5)
    return sum(1 << k % BINS for k in bins if abs(BIN_HZ * k - hz) <= _REACH_HZ)


def _signature(kind: Sequence[tuple[float, ...]]) -> Signature:
    every = tuple(sorted({hz for member in kind for hz in member}))
    union = 0
    for hz in every:
        union |= _mask(hz)
    pair = kind[0]
    if len(kind) > 1 or len(pair) == 1 or pair[-1] - pair[0] <= _CLOSE_HZ:
        return Signature(every, union, union, 0, max(map(len, kind)) > 1)
    # A bin that both frequencies reach says nothing of either.
    first, second = _mask(pair[0]), _mask(pair[-1])
    return Signature(every, union, first & ~second, second & ~first, False)


def _row(parts: Sequence[tuple[int, float, float]]) -> _Raw:
    """Sounds and silences in turn, equal neighbours joined."""
    row: list[tuple[int, float]] = []
    for sound, on_ms, off_ms in parts:
        if row and row[-1][0] == sound and row[-1][1] and on_ms:
            row[-1] = (sound, row[-1][1] + on_ms)
        else:
            row.append((sound, on_ms))
        if off_ms:
            row.append((0, off_ms))
    return tuple(row)


def _turned_alike(one: _Raw, other: _Raw) -> bool:
    if len(one) != len(other):
        return False
    turns = [other[k:] + other[:k] for k in range(len(other))] if one[-1][1] else [other]
    return any(
        all(
            a == c and (b == d or abs(b - d) <= _ALIKE * max(b, d))
            for (a, b), (c, d) in zip(one, turn, strict=True)
        )
        for turn in turns
    )


def _patterns(rows: dict[str, _Raw], pure: Sequence[bool]) -> tuple[Pattern, ...]:
    groups: list[tuple[list[str], _Raw]] = []
    for name, row in rows.items():
        for names, known in groups:
            if _turned_alike(known, row):
                names.append(name)
                break
        else:
            groups.append(([name], row))
    every = [row for _, row in groups]
    return tuple(_pattern(tuple(names), row, every, pure) for names, row in groups)


def _hops(ms: float) -> int:
    return round(ms / HOP_MS)


def _step(sound: int, ms: float) -> Step:
    if ms == 0:
        return Step(sound, 1, 0, 1 << 30)
    spread = _TOLERANCE * ms + _JITTER_MS
    least, most = max(1, _hops(ms - spread)), _hops(ms + spread)
    return Step(sound, least, max(1, _hops(ms)), most)


def _pattern(
    names: tuple[str, ...], row: _Raw, every: Sequence[_Raw], pure: Sequence[bool]
) -> Pattern:
    steps = tuple(_step(sound, ms) for sound, ms in row)
    silences = [step.most for step in steps if step.sound == 0]
    pause = max(silences, default=_hops(_JITTER_MS)) + 4
    if row[-1][1] == 0:
        # Longer than any burst of the same sound in another tone.
        bursts = [ms for other in every for sound, ms in other if sound == row[-1][0]]
        least = max(_hops(_CONTINUOUS_MS), _step(1, max([1.0, *bursts])).most + 5)
        even = pure[row[-1][0] - 1]
        return Pattern(names, steps, False, min(4, len(row) - 1), len(row) - 1, least, pause, even)
    even = any(sound == 0 and ms < _SHORT_PAUSE_MS for sound, ms in row)
    longest = max((ms for sound, ms in row if sound == 0), default=0.0)
    if longest < _LONG_PAUSE_MS:
        return Pattern(names, steps, True, 3, -1, 0, pause, even)
    wait = row.index((0, longest))
    hold = _hops(_PAUSE_HOLD_MS)
    return Pattern(names, steps, True, min(3, len(row) - 1), wait, hold, pause, even)
