"""Quality of what answers a call: special information tone, fax and modem tones, a voice.

A trial is one of these from a random instant on, through A-law, in white noise 15 dB below: the
special information tone with ±35 Hz and gaps of up to 30 ms, CNG with ±38 Hz, CED and modem answer
(phase reversals, a half of them swelling as ANSam does) with ±15 Hz, all at -5 to -35 dBm0, lengths
at their limits. It is right when that is told and nothing else. A voice is a Debian prompt of 2 s
and more: told within its first 2 s. The peer is libspandsp: super_tone_rx for the special
information tone, modem_connect_tones_rx for the others; it has no voice.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bench.peers._progress import ffi, lib
from bench.quality.progress import RATE_HZ, SNR_DB
from bench.report import Result
from bench.signals import recorded
from dsp_ext import g711, progress
from dsp_ext.units import peak

TRIALS = 200  # of a kind
PLAN = "cn"
RIGHT_GOAL = 99.5  # %
VOICE_GOAL = 95.0  # %
VOICE_MS = 2000.0
LOUD = 500  # linear: somebody speaks
PEER = "libspandsp super_tone_rx, modem_connect_tones_rx"
#: What the peer is told to listen for, and what it then says: modem_connect_tones.h.
CNG, ANS, ANS_PR, ANSAM, ANSAM_PR = 1, 2, 3, 4, 5
SIT_HZ = (950, 1400, 1800)

Samples = npt.NDArray[np.float32]


def _sine(hz: float, ms: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    n = np.arange(round(ms * RATE_HZ / 1000))
    return np.sin(2 * np.pi * hz / RATE_HZ * n + rng.uniform(0, 2 * np.pi))


def _quiet(ms: float) -> npt.NDArray[np.float64]:
    return np.zeros(round(ms * RATE_HZ / 1000))


def sit(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """E.180 clause 6: 330 ± 70 ms each; here up to ±50 ms."""
    parts = [
        part
        for hz in SIT_HZ
        for part in (
            _sine(hz + rng.uniform(-35, 35), rng.uniform(280, 380), rng),
            _quiet(rng.uniform(0, 30)),
        )
    ]
    return np.concatenate([*parts, _quiet(1000)])


def cng(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """T.30 clause 4.2: 1100 ± 38 Hz, 0.5 s in 3.5 s, ±15 %."""
    hz = 1100 + rng.uniform(-38, 38)
    burst = _sine(hz, 500 * rng.uniform(0.87, 1.13), rng)
    return np.concatenate([burst, _quiet(3000), burst, _quiet(500)])


def ced(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """T.30 clause 4.1: 2100 ± 15 Hz for 2.6 to 4 s."""
    tone = _sine(2100 + rng.uniform(-15, 15), rng.uniform(2600, 4000), rng)
    return np.concatenate([tone, _quiet(300)])


def modem(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """V.25, V.8: 2100 ± 15 Hz, its phase turned each 450 ± 25 ms; ANSam swells by a fifth."""
    tone = _sine(2100 + rng.uniform(-15, 15), rng.uniform(2600, 4000), rng)
    at = np.arange(len(tone))
    tone *= np.where(at // round(rng.uniform(425, 475) * 8) % 2, -1, 1)
    if rng.random() < 0.5:
        tone *= 1 + 0.2 * np.sin(2 * np.pi * 15 / RATE_HZ * at)
    return np.concatenate([tone, _quiet(300)])


KINDS: dict[str, tuple[str, Callable[[np.random.Generator], npt.NDArray[np.float64]]]] = {
    "sit": ("special information tone", sit),
    "cng": ("fax calling (CNG)", cng),
    "ced": ("fax answer (CED)", ced),
    "modem": ("modem answer with phase reversals", modem),
}


def line(sound: npt.NDArray[np.float64], rng: np.random.Generator) -> Samples:
    """What is heard of a sound of peak 1: at a random level, in noise, over the line, (n,)."""
    level = rng.uniform(-35, -5)
    whole = np.concatenate([_quiet(rng.uniform(50, 400)), sound])
    noise = rng.standard_normal(len(whole)) * 10 ** (-SNR_DB / 20) / np.sqrt(2)
    pcm = ((whole + noise) * peak(level)).astype(np.float32)
    heard: Samples = g711.decode(g711.encode(pcm[:, None]))[:, 0]
    return heard


def ours(heard: Samples) -> list[str]:
    """What our detector tells."""
    detector = progress.ProgressDetector(1, PLAN)
    return [event.tone for event in detector.process(heard[:, None].copy())]


def _modem_codes(kind: int, samples: npt.NDArray[np.int16]) -> list[int]:
    codes = ffi.new("int[64]")
    given = ffi.from_buffer("int16_t[]", samples)
    count = lib.progress_peer_modem_told(kind, given, len(samples), codes, 64)
    return [codes[i] for i in range(count) if codes[i]]


def peers(heard: Samples) -> list[str]:
    """The same of the peer's three detectors."""
    samples = np.ascontiguousarray(heard.astype(np.int16))
    elements = [number for hz in SIT_HZ for number in (0, hz, 0, 260, 400)]
    codes = ffi.new("int[64]")
    given = ffi.from_buffer("int16_t[]", samples)
    count = lib.progress_peer_plan_told(
        ffi.new("int[]", elements), len(SIT_HZ), given, len(samples), codes, 64
    )
    told = ["sit"] if any(codes[i] >= 0 for i in range(count)) else []
    if CNG in _modem_codes(CNG, samples):
        told.append("cng")
    answers = set(_modem_codes(ANS_PR, samples))
    if answers & {ANS_PR, ANSAM_PR}:
        told.append("modem")
    elif answers & {ANS, ANSAM}:
        told.append("ced")
    return told


def shares_right(kind: str, trials: int, seed: int = 1) -> tuple[float, float]:
    """% of trials in which ours and the peer told the kind and nothing else."""
    rng = np.random.default_rng(seed)
    heard = [line(KINDS[kind][1](rng), rng) for _ in range(trials)]
    sides = (ours, peers)
    mine, theirs = (100 * sum(hear(each) == [kind] for each in heard) / trials for hear in sides)
    return mine, theirs


def voices_told(count: int) -> tuple[float, int]:
    """(% of prompts told as voice in their first VOICE_MS, how many prompts there were)."""
    least = VOICE_MS * RATE_HZ / 1000
    # Some of the prompts are pauses.
    long = [p for p in recorded.prompts(count) if len(p) >= least and np.abs(p).max() > LOUD]
    found = 0
    for prompt in long:
        pcm = g711.decode(g711.encode(prompt[:, None].copy()))
        loud = int(np.argmax(np.abs(pcm[:, 0]) > LOUD)) * 1000 / RATE_HZ
        events = progress.ProgressDetector(1, PLAN).process(pcm)
        found += any(e.tone == "voice" and e.at_ms - loud <= VOICE_MS for e in events)
    return (100 * found / len(long) if long else 0.0), len(long)


def run() -> list[Result]:
    """Share of trials of each kind that were right, beside the peer's."""
    results = []
    for kind, (name, _) in KINDS.items():
        mine, theirs = shares_right(kind, TRIALS)
        what = f"progress: {name}"
        results.append(Result("quality", what, mine, "% right", "higher", PEER, theirs, RIGHT_GOAL))
    share, count = voices_told(600)
    if count:
        what = f"progress: voice told within 2 s, {count} prompts"
        results.append(Result("quality", what, share, "% told", "higher", goal=VOICE_GOAL))
    return results
