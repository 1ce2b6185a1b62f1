"""ITU-T G.168's laboratory tests, run as ``g168_tests.toml`` says, each with a verdict.

Every test runs on the eight paths D.2 to D.9 at each of its levels at once, a channel each, A-law
at both ends; its margin is the worst of them all: 0 dB or more passes.
``python -m bench.signals.g168`` prints the table of the documentation.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.peers._modem import ffi, lib
from bench.signals import echo_lines as lab
from dsp_ext.echo import EchoCanceller
from dsp_ext.units import MEAN_SQUARE_0DBM0, SAMPLE_RATE

Test = dict[str, Any]
TESTS: list[Test] = tomllib.loads(
    (Path(__file__).parent / "g168_tests.toml").read_text(encoding="utf-8")
)["test"]
SOURCES = {
    "code": "published test programs",
    "memory": "remembered, not checked against the text",
    "none": "ours: under study there",
}
MODEMS = {
    "v21": lib.MODEM_V21,
    "v21a": lib.MODEM_V21_CALLING,
    "v27ter": lib.MODEM_V27TER,
    "v29": lib.MODEM_V29,
    "v17": lib.MODEM_V17,
    "v22": lib.MODEM_V22,
    "v22a": lib.MODEM_V22_CALLING,
}
SETTLE = 400  # samples before a step's verdict begins: the path's and the meter's own time
DELAY = lab.DELAY_MS * 8
SHARE = 0.9  # of the time for which a tone must pass
QUIET_DBM0 = -50.0  # below it nothing is judged as having become worse


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out of a test: the least margin to its limit, dB, over steps and channels."""

    name: str
    title: str
    source: str
    margin_db: float

    @property
    def passes(self) -> bool:
        """Whether every channel kept every limit."""
        return self.margin_db >= 0


@cache
def _modem(kind: str, seconds: float) -> lab.Signal:
    out = np.zeros(round(seconds * SAMPLE_RATE), dtype=np.int16)
    lib.modem_send(MODEMS[kind], ffi.from_buffer("int16_t[]", out), len(out))
    return out.astype(float)


def source(name: str | list[float], seconds: float, seed: int) -> lab.Signal:
    """A signal by its name or its frequencies; any level."""
    samples = round(seconds * SAMPLE_RATE)
    if isinstance(name, list):
        return lab.tones(seconds, name)
    if name in MODEMS:
        return _modem(name, seconds)
    made = {
        "css": lambda: lab.css(seconds),
        "css3": lambda: lab.css(seconds, kind="c3"),
        "white": lambda: lab.white(seconds, seed=seed),
        "noise": lambda: lab.hoth(seconds, seed=seed),
        "ced": lambda: lab.tones(seconds, [2100]),
    }
    return made[name]()[:samples]


class Scenario:
    """One test: its signals for all channels, what the canceller made of them, the verdict."""

    def __init__(self, test: Test, *, brief: bool = False) -> None:
        self.test = test
        self.levels = np.repeat(np.array(test["levels_dbm0"], float), len(lab.PATHS))
        key = "brief_s" if brief else "s"
        lengths = [
            round(step.get(key, step["s"]) * SAMPLE_RATE / 80) * 80 for step in test["steps"]
        ]
        self.ends = np.cumsum(lengths)
        self.starts = self.ends - lengths
        self.far = lab.coded(self._signals("far"))
        self.near = self._signals("near")
        self.echoes = self._echoes()
        self.received = lab.coded(self.echoes + self.near)

    @property
    def channels(self) -> int:
        """Levels times paths."""
        return len(self.levels)

    def _signals(self, end: str) -> lab.Signal:
        out = np.zeros((self.ends[-1], self.channels))
        for step, start, stop in zip(self.test["steps"], self.starts, self.ends, strict=True):
            if end in step:
                seed = int(start) % 97 + (100 if end == "near" else 0)
                wave = source(step[end], (stop - start) / SAMPLE_RATE, seed)
                levels = self.levels + step.get(f"{end}_db", 0)
                levels = (
                    np.full_like(levels, step.get(f"{end}_dbm0", np.nan))
                    if (f"{end}_dbm0" in step)
                    else levels
                )
                out[start:stop] = np.stack([lab.at_level(wave, each) for each in levels], axis=1)
        return out

    def _echoes(self) -> lab.Signal:
        """By path of the moment: which one changes as the steps say."""
        turn, opened, out = 0, False, np.zeros_like(self.near)
        for step, start, stop in zip(self.test["steps"], self.starts, self.ends, strict=True):
            turn += step.get("do") == "other path"
            opened |= step.get("do") == "open"
            before = max(0, start - 2 * SAMPLE_RATE // 10)  # longer than delay and path
            for channel in range(self.channels if not opened else 0):
                path = lab.PATHS[(channel + 3 * turn) % len(lab.PATHS)]
                far = self.far[before:stop, channel]
                heard = lab.echo(far, path, erl_db=self.test.get("erl_db", lab.ERL_DB))
                out[start:stop, channel] = heard[start - before :]
        return _coder(out) if self.test.get("coder") == "g726" else out

    def run(self, canceller: EchoCanceller | None = None) -> NDArray[np.float32]:
        """What goes out, with the controls the steps ask for."""
        ours = canceller or EchoCanceller(self.channels, tail_ms=128, nlp=self.test["nlp"])
        parts = []
        for step, start, stop in zip(self.test["steps"], self.starts, self.ends, strict=True):
            if step.get("do") == "freeze":
                for channel in range(self.channels):
                    ours.freeze(channel)
            parts.append(lab.cancelled(self.far[start:stop], self.received[start:stop], ours))
        return np.concatenate(parts)

    def margins_db(self, out: NDArray[np.float32]) -> lab.Signal:
        """The least margin of each channel."""
        meter, least = lab.meter_dbm0(out), np.full(self.channels, np.inf)
        for step, start, stop in zip(self.test["steps"], self.starts, self.ends, strict=True):
            if "limit" in step:
                begin = int(start) + max(round(step.get("after_s", 0) * SAMPLE_RATE), SETTLE)
                ((kind, value),) = step["limit"].items()
                part = slice(begin, int(stop))
                allowed = -value if kind == "combined" else value
                least = np.minimum(least, LIMITS[kind](self, out, meter, part) + allowed)
        return least


def _coder(signal: lab.Signal) -> lab.Signal:
    out = np.zeros_like(signal)
    for channel in range(signal.shape[1]):
        pcm = np.clip(signal[:, channel], -32767, 32767).astype(np.int16)
        lib.coder_g726(ffi.from_buffer("int16_t[]", pcm), len(pcm))
        out[:, channel] = pcm
    return out


def _power_db(signal: lab.Signal) -> lab.Signal:
    return np.asarray(10 * np.log10(np.mean(np.square(signal, dtype=float), axis=0) + 1e-3))


def _near(run: Scenario, _out: Any, meter: lab.Signal, part: slice) -> lab.Signal:
    loudest = lab.meter_dbm0(run.near)[SETTLE:].max(axis=0)
    return np.asarray(loudest - meter[part].max(axis=0))


def _noise(run: Scenario, out: Any, _meter: Any, part: slice) -> lab.Signal:
    return -np.abs(_power_db(out[part]) - _power_db(run.near[part]))


def _combined(run: Scenario, out: Any, _meter: Any, part: slice) -> lab.Signal:
    return np.asarray(run.levels - _power_db(out[part]) + 10 * np.log10(MEAN_SQUARE_0DBM0))


def _passed(run: Scenario, _out: Any, meter: lab.Signal, part: slice) -> lab.Signal:
    apart = np.abs(meter[part] - lab.meter_dbm0(run.received)[part])
    return -np.quantile(apart, SHARE, axis=0)


def _worse(run: Scenario, _out: Any, meter: lab.Signal, part: slice) -> lab.Signal:
    before = lab.meter_dbm0(run.received)[part]
    rise = np.where(before > QUIET_DBM0, meter[part] - before, -99)
    return -np.asarray(rise.max(axis=0))


LIMITS = {
    "dbm0": lambda _run, _out, meter, part: -meter[part].max(axis=0),
    "steady": lambda run, _out, meter, part: 25 / 30 * run.levels - 30 - meter[part].max(axis=0),
    "near": _near,
    "noise": _noise,
    "combined": _combined,
    "passed": _passed,
    "worse": _worse,
}


def verdict(test: Test, *, brief: bool = False) -> Verdict:
    """Run one test."""
    scenario = Scenario(test, brief=brief)
    margin = float(scenario.margins_db(scenario.run()).min())
    return Verdict(test["name"], test["title"], test["source"], margin)


def table(verdicts: list[Verdict]) -> str:
    """The verdicts as Markdown."""
    lines = ["| test | what | margin | verdict | the limit is |", "|---|---|---:|---|---|"]
    for each in verdicts:
        word = "passes" if each.passes else "**fails**"
        lines.append(
            f"| {each.name} | {each.title} | {each.margin_db:+.1f} dB | {word} "
            f"| {SOURCES[each.source]} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table([verdict(test) for test in TESTS]) + "\n")
