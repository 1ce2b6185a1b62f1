"""Quality of the call-progress detector: every tone of every plan, bent as lines bend them.

A trial is one tone of a plan from a random instant on: each frequency ±1.5 % and with a phase of
its own, each burst and pause ±10 %, white noise 15 dB below the tone, through A-law. It is right
when two cadences (a continuous tone: the time that rules the plan's longest burst out, and a
second) give that tone and nothing else. Tones that sound alike in a plan count as one.
False tones are those found in recordings of speech and music. The peer is libspandsp's supervisory
tone detector with the same plan. It tells a tone when its first segments fit: it is right when the
tone is among those it tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from bench.peers._progress import ffi, lib
from bench.report import Result
from dsp_ext import g711, progress, tone_plan
from dsp_ext.progress_plan import HEARD, compile_plan
from dsp_ext.units import peak

RATE_HZ = 8000
TRIALS = 1000  # a plan
PEER_TRIALS = 200  # it takes ten times as long
PEER = "libspandsp super_tone_rx, the same plan"
CHANNELS = 64  # trials at once
SNR_DB = 15.0
RECORDINGS = (Path("/usr/share/asterisk/sounds"), Path("/usr/share/asterisk/moh"))
RIGHT_GOAL = 99.5  # %
#: What may be told of a recording: that somebody speaks.
HARMLESS = {"voice"}

Samples = npt.NDArray[np.float32]


def _until(plan: tone_plan.TonePlan, name: str) -> float:
    """How long a trial of this tone lasts, ms, at the nominal cadence."""
    parts = plan.tones[name]
    if all(part.on_ms for part in parts):
        return 2 * sum(part.on_ms + part.off_ms for part in parts)
    hold_ms = next(p.hold for p in compile_plan(plan).patterns if name in p.names) * 10
    return sum(part.on_ms + part.off_ms for part in parts) + hold_ms + 1000


def trial(
    plan: tone_plan.TonePlan, name: str, rng: np.random.Generator, lasts_ms: float | None = None
) -> Samples:
    """One bent tone with a random lead of up to 300 ms, (n,); two cadences of it or `lasts_ms`."""
    parts = plan.tones[name]
    lead = int(rng.uniform(0, 0.3) * RATE_HZ)
    # The last window's length and the hop after it.
    out = np.zeros(lead + int(((lasts_ms or _until(plan, name)) * 1.1 + 80) * 8), dtype=np.float32)
    bend = rng.uniform(0.985, 1.015, 4)
    turn = rng.uniform(0, 2 * np.pi, 4)
    stretch = rng.uniform(0.9, 1.1, (len(parts), 2))
    at, k, power = lead, 0, 0.0
    while at < len(out):
        part = parts[k % len(parts)]
        on = int(part.on_ms * 8 * stretch[k % len(parts), 0]) or len(out)
        n = np.arange(at, min(at + on, len(out)), dtype=np.float32)
        for hz, by, phase in zip(sorted(part.hz), bend, turn, strict=False):
            step = np.float32(2 * np.pi * hz * by / RATE_HZ)
            level = np.float32(peak(part.level_dbm0))
            out[at : at + len(n)] += level * np.sin(step * n + np.float32(phase))
            power = max(power, len(part.hz) * float(level) ** 2 / 2)
        at += on + int(part.off_ms * 8 * stretch[k % len(parts), 1])
        k += 1
    noise = rng.standard_normal(len(out), dtype=np.float32)
    return out + noise * np.float32(np.sqrt(power) * 10 ** (-SNR_DB / 20))


def tones_of(plan: tone_plan.TonePlan) -> list[str]:
    """The plan's tones the detector listens for."""
    return [name for name in HEARD if name in plan.tones]


def batches(country: str, trials: int, seed: int) -> Iterator[tuple[list[str], Samples, list[int]]]:
    """(tones, pcm as it comes over the line, (n, trials), each trial's length) for all trials."""
    plan = tone_plan.plan(country)
    rng = np.random.default_rng(seed)
    names = tones_of(plan)
    work = sorted(names[k % len(names)] for k in range(trials))
    for first in range(0, trials, CHANNELS):
        batch = work[first : first + CHANNELS]
        signals = [trial(plan, name, rng) for name in batch]
        pcm = np.zeros((max(map(len, signals)), len(batch)), dtype=np.float32)
        for channel, signal in enumerate(signals):
            pcm[: len(signal), channel] = signal
        yield batch, g711.decode(g711.encode(pcm)), [len(signal) for signal in signals]


def wrong(country: str, trials: int, seed: int = 1) -> list[tuple[str, list[str]]]:
    """(tone, what was told instead) of those trials, spread over all tones, that went wrong."""
    faults = []
    for batch, pcm, lengths in batches(country, trials, seed):
        told: list[list[str]] = [[] for _ in batch]
        rights: list[bool] = [False] * len(batch)
        detector = progress.ProgressDetector(len(batch), country)
        for event in detector.process(pcm):
            if event.at_ms * RATE_HZ / 1000 > lengths[event.channel]:
                continue  # a shorter trial is over before its batch
            told[event.channel].append(event.tone)
            rights[event.channel] |= batch[event.channel] in (event.tone, *event.alike)
        faults += [
            (name, heard)
            for name, heard, right in zip(batch, told, rights, strict=True)
            if not right or len(heard) != 1
        ]
    return faults


def _elements(plan: tone_plan.TonePlan) -> list[int]:
    """The plan as the peer takes it: lengths ±20 %, what is continuous from 1 s on."""
    rows = []
    for number, name in enumerate(tones_of(plan)):
        for part in plan.tones[name]:
            hz = [*sorted(round(each) for each in part.hz), 0][:2]
            on = (part.on_ms * 0.8, part.on_ms * 1.2) if part.on_ms else (1000, 0)
            rows.append((number, *hz, *on))
            if part.off_ms:
                rows.append((number, 0, 0, part.off_ms * 0.8, part.off_ms * 1.2))
    return [round(value) for row in rows for value in row]


def peers_right(country: str, trials: int, seed: int = 1) -> int:
    """In how many of the same trials the tone, or one alike, is among those the peer tells."""
    plan = tone_plan.plan(country)
    elements = ffi.new("int[]", _elements(plan))
    names = tones_of(plan)
    alike = {name: p.names for p in compile_plan(plan).patterns for name in p.names}
    codes, right = ffi.new("int[256]"), 0
    for batch, pcm, lengths in batches(country, trials, seed):
        for name, column, length in zip(batch, pcm.T, lengths, strict=True):
            samples = np.ascontiguousarray(column[:length].astype(np.int16))
            given = ffi.from_buffer("int16_t[]", samples)
            count = lib.progress_peer_plan_told(
                elements, len(elements) // 5, given, length, codes, 256
            )
            told = {names[codes[i]] for i in range(count) if codes[i] >= 0}
            right += not told.isdisjoint(alike[name])
    return right


def recordings() -> Iterator[Path]:
    """The recordings there are of speech and music."""
    for root in RECORDINGS:
        yield from sorted(root.glob("**/*.wav"))


def false_tones(path: Path, countries: tuple[str, ...] = ("cn",)) -> list[tuple[str, str]]:
    """(country, tone) for each tone found in a recording."""
    samples, _ = soundfile.read(path, dtype="int16")
    pcm = g711.decode(g711.encode(samples.astype(np.float32)[:, None].copy()))
    return [
        (country, event.tone)
        for country in countries
        for event in progress.ProgressDetector(1, country).process(pcm)
        if event.tone not in HARMLESS
    ]


def run() -> list[Result]:
    """Share of trials that were right: the worst plan and all; false tones in recordings."""
    shares = {}
    for country in tone_plan.countries():
        shares[country] = 100 * (1 - len(wrong(country, TRIALS)) / TRIALS)
    worst = min(shares, key=lambda country: shares[country])
    mean = sum(shares.values()) / len(shares)
    theirs = {c: 100 * peers_right(c, PEER_TRIALS) / PEER_TRIALS for c in shares}
    whole = sum(theirs.values()) / len(theirs)
    what = f"progress: {len(shares)} plans"
    results = [
        Result("quality", what, mean, "% right", "higher", PEER, whole),
        Result(
            "quality",
            f"progress: the worst plan ({worst})",
            shares[worst],
            "% right",
            "higher",
            PEER,
            theirs[worst],
            RIGHT_GOAL,
        ),
    ]
    paths = list(recordings())
    if paths:
        found = sum(len(false_tones(path, tone_plan.countries())) for path in paths)
        name = f"progress: false tones, {len(paths)} recordings, every plan"
        results.append(Result("quality", name, float(found), "tones", "lower", goal=0.0))
    return results
