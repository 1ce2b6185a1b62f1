"""Quality of learning: busy tones that no plan knows, on every plan, and what must not be learned.

A trial is five bursts of a tone or a pair of tones somewhere in the band, at one of the world's
cadences, from a random instant on: each frequency ±1.5 % and with a phase of its own, bursts and
pauses ±10 %, white noise 15 dB below, through A-law. It is right when the tone is told as learned
and nothing else is told. Trials are drawn where the plan has no tone of its own. libspandsp has no
means of learning: there is no peer.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.quality.progress import CHANNELS, RATE_HZ, SNR_DB, tones_of, trial
from bench.report import Result
from dsp_ext import g711, progress, tone_plan
from dsp_ext.units import peak

TRIALS = 200  # a plan
BURSTS = 5
LONG_MS = 12_000.0
RIGHT_GOAL = 99.5  # %
#: On, off in ms: the busy and congestion tones of the plans there are, and E.180's bounds.
CADENCES = sorted(
    {
        (part.on_ms, part.off_ms)
        for country in tone_plan.countries()
        for name in ("busy", "congestion")
        for part in tone_plan.plan(country).tones.get(name, ())[:1]
        if part.on_ms and part.off_ms
    }
    | {(110.0, 110.0), (660.0, 660.0), (150.0, 850.0), (1000.0, 1000.0)}
)
#: Apart from a single frequency: pairs that exchanges send.
PAIRS = ((480.0, 620.0), (350.0, 440.0), (400.0, 450.0), (440.0, 480.0), (400.0, 600.0))
LOWEST_HZ, HIGHEST_HZ = 300.0, 620.0
APART_HZ = 45.0  # from the plan's own frequencies

Samples = npt.NDArray[np.float32]


def _near(hz: float, pair: tuple[float, ...]) -> bool:
    return min(pair) - APART_HZ < hz < max(pair) + APART_HZ


def unknown(plan: tone_plan.TonePlan, rng: np.random.Generator) -> tuple[float, ...]:
    """Frequencies of a tone that the plan does not know."""
    own = {hz for name in tones_of(plan) for part in plan.tones[name] for hz in part.hz}
    if rng.random() < 0.2:
        strange = [pair for pair in PAIRS if not any(_near(hz, pair) for hz in own)]
        if strange:
            return strange[rng.integers(len(strange))]
    while True:
        hz = float(rng.uniform(LOWEST_HZ, HIGHEST_HZ))
        if not any(_near(other, (hz,)) for other in own):
            return (hz,)


def bursts(hz: tuple[float, ...], on_ms: float, off_ms: float, rng: np.random.Generator) -> Samples:
    """A bent busy tone at -13 dBm0 a frequency, in noise, (n,)."""
    lead = int(rng.uniform(0.1, 0.4) * RATE_HZ)
    on, off = (int(ms * 8 * rng.uniform(0.9, 1.1)) for ms in (on_ms, off_ms))
    n = np.arange(lead + BURSTS * (on + off))
    sounds = (n >= lead) & ((n - lead) % (on + off) < on)
    out = np.zeros(len(n))
    for each in hz:
        bent = each * rng.uniform(0.985, 1.015)
        out += np.sin(2 * np.pi * bent / RATE_HZ * n + rng.uniform(0, 2 * np.pi))
    power = len(hz) * peak(-13.0) ** 2 / 2
    noise = rng.standard_normal(len(n)) * np.sqrt(power) * 10 ** (-SNR_DB / 20)
    return (out * sounds * peak(-13.0) + noise).astype(np.float32)


def told(country: str, signals: list[Samples]) -> list[list[str]]:
    """What a fresh detector tells of each."""
    pcm = np.zeros((max(map(len, signals)), len(signals)), dtype=np.float32)
    for channel, signal in enumerate(signals):
        pcm[: len(signal), channel] = signal
    heard: list[list[str]] = [[] for _ in signals]
    for event in progress.ProgressDetector(len(signals), country).process(
        g711.decode(g711.encode(pcm))
    ):
        heard[event.channel].append(event.tone)
    return heard


def missed(country: str, trials: int, seed: int = 1) -> list[tuple[object, list[str]]]:
    """((frequencies, cadence), what was told) of the trials that went wrong."""
    plan = tone_plan.plan(country)
    rng = np.random.default_rng(seed)
    work = [(unknown(plan, rng), CADENCES[k % len(CADENCES)]) for k in range(trials)]
    work.sort(key=lambda each: sum(each[1]))
    faults: list[tuple[object, list[str]]] = []
    for first in range(0, trials, CHANNELS):
        batch = work[first : first + CHANNELS]
        heard = told(country, [bursts(hz, on, off, rng) for hz, (on, off) in batch])
        pairs = zip(batch, heard, strict=True)
        faults += [(what, names) for what, names in pairs if names != ["learned_busy"]]
    return faults


def learned_of_the_plan(country: str, times: int, seed: int = 2) -> int:
    """How many of the plan's own tones, each `times` for LONG_MS, were learned as well."""
    plan = tone_plan.plan(country)
    rng = np.random.default_rng(seed)
    signals = [
        trial(plan, name, rng, lasts_ms=LONG_MS) for name in tones_of(plan) for _ in range(times)
    ]
    return sum("learned_busy" in names for names in told(country, signals))


def run() -> list[Result]:
    """Share of trials that were right, and the plans' own tones that were learned."""
    countries = tone_plan.countries()
    shares = {each: 100 * (1 - len(missed(each, TRIALS)) / TRIALS) for each in countries}
    worst = min(shares, key=lambda country: shares[country])
    mean = sum(shares.values()) / len(shares)
    own = float(sum(learned_of_the_plan(country, 8) for country in countries))
    what = "learning an unknown busy tone"
    return [
        Result("quality", f"{what}: {len(shares)} plans", mean, "% right", "higher"),
        Result(
            "quality",
            f"{what}: the worst plan ({worst})",
            shares[worst],
            "% right",
            "higher",
            goal=RIGHT_GOAL,
        ),
        Result("quality", f"{what}: the plan's own", own, "tones", "lower", goal=0.0),
    ]
