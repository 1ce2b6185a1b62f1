"""Quality of the DTMF detector: the tests of ``dtmf_tests.toml``, one by one, beside libspandsp's.

A test sweeps one property of a key; its figure is the last value up to which all keys were heard,
or none. Then 10,000 keys of every level and twist in noise, and recordings that hold none.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from bench.report import Result
from bench.signals.dtmf_lines import (
    KEYS,
    PEER,
    Samples,
    Trial,
    lines,
    ours,
    over_the_line,
    peer,
    peers,
)
from dsp_ext import dtmf
from dsp_ext.units import SAMPLE_RATE

TESTS: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "dtmf_tests.toml").read_text(encoding="utf-8")
)["test"]
TIMES = 6  # each key is sent at each value, where a test does not say
RANDOM_KEYS = 10_000
RECORDINGS = {
    "prompts": Path("/usr/share/asterisk/sounds"),
    "music on hold": Path("/usr/share/asterisk/moh"),
}
GAINS = (1.0, 0.4, 0.15)  # recordings are heard as they are, and fainter

Hear = Callable[[Samples], list[str]]


def _trial(properties: Mapping[str, Any]) -> Trial:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in properties.items()
    }
    return Trial(**values)


def _holds(hear: Hear, test: Mapping[str, Any], properties: Mapping[str, Any]) -> bool:
    """Whether what the test wants holds for all keys in all of its cases."""
    for number, case in enumerate(test.get("cases", [{}])):
        trial = _trial({**test.get("key", {}), **case, **properties})
        sent = [(key, trial) for key in KEYS for _ in range(test.get("times", TIMES))]
        heard = hear(lines(sent, seed=number))
        want = [key * trial.count if test["want"] == "all" else "" for key, _ in sent]
        if heard != want:
            return False
    return True


def _reached(
    hear: Hear, test: Mapping[str, Any], sweep: Mapping[str, Sequence[float]]
) -> float | None:
    """The last value up to which the test's want holds; None when not even the first."""
    ((name, values),) = sweep.items()
    reached = None
    for value in values:
        if not _holds(hear, test, {name: value}):
            break
        reached = float(value)
    return reached


def figure(hear: Hear, test: Mapping[str, Any]) -> float | None:
    """What a test says of a receiver; None when not even the easiest value is taken."""
    ends = [_reached(hear, test, test[name]) for name in ("sweep", "spans") if name in test]
    numbers = [end for end in ends if end is not None]
    if len(numbers) < len(ends):
        return None
    return abs(numbers[-1] - numbers[0]) if "spans" in test else abs(numbers[0])


def falls(test: Mapping[str, Any]) -> bool:
    """Whether less is better: the values fall towards what is hard."""
    (values,) = test["sweep"].values()
    return abs(values[0]) > abs(values[-1])


def limit(test: Mapping[str, Any]) -> Result:
    """A test's row."""
    filtered = test.get("filter_dial_tone", False)
    value = figure(ours, test)
    theirs = figure(lambda pcm: peers(pcm, filtered), test)
    if value is None:
        value = float("inf") if falls(test) else 0.0
    return Result(
        "quality",
        f"dtmf: {test['name']}",
        value,
        test["unit"],
        "lower" if falls(test) else "higher",
        PEER if theirs is not None else None,
        theirs,
        test["goal"],
    )


def random_keys(count: int = RANDOM_KEYS, seed: int = 10) -> Result:
    """Keys of 50 ms, 50 ms apart, each another level and twist, 15 dB above noise: the missed."""
    rng = np.random.default_rng(seed)
    sent = [
        (
            KEYS[rng.integers(len(KEYS))],
            Trial(
                level_dbm0=rng.uniform(-25, 0),
                twist_db=rng.uniform(-8, 4),
                snr_db=15,
            ),
        )
        for _ in range(count)
    ]
    missed = np.zeros(2, dtype=int)
    for at in range(0, count, 1000):
        part = sent[at : at + 1000]
        pcm = lines(part, seed=seed + at, law=("alaw", "ulaw")[at // 1000 % 2])
        for side, heard in enumerate((ours(pcm), peers(pcm))):
            missed[side] += sum(found != key for found, (key, _) in zip(heard, part, strict=True))
    name = f"dtmf: of {count} keys, -25 to 0 dBm0, twist -8 to 4 dB, 15 dB above noise: missed"
    return Result("quality", name, int(missed[0]), "keys", "lower", PEER, int(missed[1]), 0)


def recordings(root: Path) -> Iterable[Samples]:
    """Those under `root`, each (n,), linear, 8 kHz."""
    for path in sorted(root.glob("**/*.wav")):
        samples, rate = soundfile.read(path, dtype="int16")
        if rate == SAMPLE_RATE and samples.ndim == 1:
            yield samples.astype(np.float32)


def false_keys(name: str) -> list[Result]:
    """Keys heard in recordings that hold none; no row where there are no recordings."""
    found, minutes = np.zeros(2, dtype=int), 0.0
    for samples in recordings(RECORDINGS[name]):
        for gain in GAINS:
            heard = over_the_line(samples * np.float32(gain))
            found += len(dtmf.decode(heard)), len(peer(heard))
            minutes += len(heard) / SAMPLE_RATE / 60
    if not minutes:
        return []
    what = f"dtmf: keys heard in {minutes:.0f} minutes of {name}"
    return [Result("quality", what, int(found[0]), "keys", "lower", PEER, int(found[1]), 0)]


def run() -> list[Result]:
    """A row for each test, random keys, recordings."""
    rows = [limit(test) for test in TESTS]
    rows.append(random_keys())
    return [*rows, *itertools.chain.from_iterable(map(false_keys, RECORDINGS))]
