"""What ails a recording: level, noise, hum, clipping, clicks, and the echo between its two sides.

How: the speech level is that of the frames that stand out of the noise. Hum is looked for at the
mains' harmonics in the quieter of many spectra, so that speech does not count. A click is a sample
that those before it do not predict, far more so than any other about it. Echo is what an
echo canceller finds: it learns the path from either side to the other, and what it takes away tells
whether there is one.
Limits: hum and noise need a second of sound in which nobody speaks; echo up to 128 ms late.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dsp_ext.echo import EchoCanceller
from dsp_ext.units import MEAN_SQUARE_0DBM0, SAMPLE_RATE
from mediaserver.audio.activity import Activity
from mediaserver.audio.sound import Pcm, Sound

QUIET_DBM0, LOUD_DBM0, WANTED_DBM0 = -30.0, -10.0, -19.0  # of speech
NOISY_DBM0 = -50.0
HUM_DBM0 = -58.0
HUM_OVER_DB = 12.0  # a line over its neighbours
MAINS_HZ = (50, 60)
HARMONICS = (1, 2, 3, 5, 7)
WINDOW = 4000  # samples of a spectrum: 2 Hz apart
MOST_WINDOWS = 240
STEADY_SHARE = 15  # %: how few spectra may be free of speech
CLIP_RUN = 3  # samples alike at the top
CLIP_LEAST = 16_000  # a recorder may have been set lower than full scale
OFFSET = 80.0  # sample value
CLICK_TIMES = 12.0  # what nine in ten samples about it are off their prediction
CLICK_LEAST = 500.0
CLICK_FRAME = 2000
CLICK_APART_S = 0.02
CLICK_ORDER = 12  # samples a prediction is made of
CLICKS_ALLOWED_A_MINUTE = 2.0
TAIL_MS = 128
HEARD_ECHO_DB = 40.0  # echo return loss from which an echo is not heard
LEAST_ERLE_DB = 6.0  # what the canceller must take away for a path to be believed
FAR_SPEAKS_DBM0 = -40.0

Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing found.

    state : "ok", or "warn" where it will be heard; text : in plain words, with the figures
    todo : what to do about it; figures : by name, with their unit in it
    """

    side: str
    what: str
    state: str
    text: str
    todo: str = ""
    figures: dict[str, float] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """For JSON, figures to a tenth."""
        return {**asdict(self), "figures": {k: round(v, 1) for k, v in self.figures.items()}}


def examine(sound: Sound) -> Iterator[Remark]:
    """Every remark, side by side, then those on two sides together."""
    for k, side in enumerate(sound.sides):
        samples = np.ascontiguousarray(sound.pcm[:, k])
        activity = Activity(samples)
        yield _level(side, samples, activity)
        yield _noise(side, activity)
        yield _hum(side, samples)
        yield _clipping(side, samples)
        yield _offset(side, samples)
        yield _clicks(side, samples)
    if len(sound.sides) == 2:
        left, right = (np.ascontiguousarray(sound.pcm[:, [k]]) for k in (0, 1))
        yield _echo("left", "right", left, right)
        yield _echo("right", "left", right, left)


def _level(side: str, samples: Samples, activity: Activity) -> Remark:
    level = activity.level_dbm0(0, len(samples) / SAMPLE_RATE)
    figures = {"level_dbm0": level}
    if not activity.sounds.any():
        return Remark(side, "level", "warn", "nothing sounds", "is the line connected?", figures)
    text = f"{level:.1f} dBm0 while it sounds"
    change = WANTED_DBM0 - level
    if level < QUIET_DBM0:
        return Remark(
            side, "level", "warn", f"{text}: quiet", f"raise it by {change:.0f} dB", figures
        )
    if level > LOUD_DBM0:
        return Remark(
            side, "level", "warn", f"{text}: loud", f"lower it by {-change:.0f} dB", figures
        )
    return Remark(side, "level", "ok", text, "", figures)


def _noise(side: str, activity: Activity) -> Remark:
    quiet = activity.levels[~activity.sounds]
    if quiet.size < 20:
        return Remark(side, "noise", "ok", "never quiet enough to tell")
    floor = float(np.median(quiet))
    figures = {"noise_dbm0": floor}
    text = f"{floor:.0f} dBm0 in the pauses"
    if floor <= NOISY_DBM0:
        return Remark(side, "noise", "ok", text, "", figures)
    return Remark(
        side, "noise", "warn", f"{text}: noisy", "look at the line and its gains", figures
    )


def _hum(side: str, samples: Samples) -> Remark:
    count = len(samples) // WINDOW
    if count == 0:
        return Remark(side, "hum", "ok", "shorter than half a second: not looked for")
    step = max(1, count // MOST_WINDOWS)
    window = np.hanning(WINDOW)
    frames = samples[: count * WINDOW].reshape(count, WINDOW)[::step].astype(np.float64)
    frames = (frames - frames.mean(axis=1, keepdims=True)) * window
    power = np.percentile(np.abs(np.fft.rfft(frames, axis=1)) ** 2, STEADY_SHARE, axis=0)
    # A sine of mean square m gives m·(sum of window)²/2 in its bin.
    scale = 2 / float(window.sum()) ** 2
    found = {mains: _mains(power, mains) * scale for mains in MAINS_HZ}
    mains, mean_square = max(found.items(), key=lambda each: each[1])
    level = 10 * math.log10(mean_square / MEAN_SQUARE_0DBM0) if mean_square > 0 else -99.0
    figures = {"hum_hz": float(mains), "hum_dbm0": level}
    if level < HUM_DBM0:
        return Remark(side, "hum", "ok", "none at 50 or 60 Hz and their harmonics", "", figures)
    text = f"{level:.0f} dBm0 at {mains} Hz and its harmonics"
    todo = "an earth loop or a cable beside the mains"
    return Remark(side, "hum", "warn", text, todo, figures)


def _mains(power: Floats, mains: int) -> float:
    """Power of those harmonics that stand out of their neighbours."""
    total = 0.0
    for harmonic in HARMONICS:
        at = mains * harmonic * WINDOW // SAMPLE_RATE
        line = float(power[at])
        beside = float(
            np.median(np.concatenate([power[at - 12 : at - 3], power[at + 4 : at + 13]]))
        )
        if line > beside * 10 ** (HUM_OVER_DB / 10):
            total += line
    return total


def _clipping(side: str, samples: Samples) -> Remark:
    top = float(np.abs(samples).max(initial=0.0))
    runs = 0
    if top >= CLIP_LEAST:
        flat = (np.abs(samples) >= top - 0.5).astype(np.int8)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [0]])))
        runs = int(np.sum(edges[1::2] - edges[::2] >= CLIP_RUN))
    figures = {"clipped_peaks": float(runs)}
    if not runs:
        return Remark(side, "clipping", "ok", "none", "", figures)
    return Remark(side, "clipping", "warn", f"{runs} peaks are cut off", "lower the gain", figures)


def _offset(side: str, samples: Samples) -> Remark:
    mean = float(np.mean(samples, dtype=np.float64)) if len(samples) else 0.0
    figures = {"offset": mean}
    if abs(mean) < OFFSET:
        return Remark(side, "offset", "ok", "none", "", figures)
    todo = "a faulty converter or a wrong law"
    return Remark(side, "offset", "warn", f"samples stand {mean:+.0f} off zero", todo, figures)


def _clicks(side: str, samples: Samples) -> Remark:
    times = clicks(samples)
    minutes = max(1.0, len(samples) / SAMPLE_RATE / 60)
    figures = {"clicks": float(len(times))}
    if len(times) <= CLICKS_ALLOWED_A_MINUTE * minutes:
        text = f"{len(times)} suspected" if times else "none"
        return Remark(side, "clicks", "ok", text, "", figures)
    first = ", ".join(f"{at:.2f}" for at in times[:5])
    text = f"{len(times)} suspected, at {first}{' …' if len(times) > 5 else ''} s"
    todo = "slips: are both ends on one clock? see the span's sync source"
    return Remark(side, "clicks", "warn", text, todo, figures)


def clicks(samples: Samples) -> list[float]:
    """Moments (s) at which the sound jumps as no voice does: slips, lost blocks, bit errors."""
    found: list[float] = []
    for at in range(0, len(samples) - CLICK_FRAME + 1, CLICK_FRAME):
        # The prediction of the first samples needs those before them.
        first = max(0, at - CLICK_ORDER)
        off = np.abs(_unpredicted(samples[first : at + CLICK_FRAME].astype(np.float64)))
        limit = max(CLICK_LEAST, CLICK_TIMES * float(np.percentile(off, 90)))
        for place in np.flatnonzero(off > limit).tolist():
            moment = (first + CLICK_ORDER + place) / SAMPLE_RATE
            if not found or moment - found[-1] > CLICK_APART_S:
                found.append(moment)
    return found


def _unpredicted(samples: Floats) -> Floats:
    """How far each sample, from the CLICK_ORDER-th on, is off its linear prediction."""
    past = np.lib.stride_tricks.sliding_window_view(samples, CLICK_ORDER + 1)
    before, now = past[:, :-1], past[:, -1]
    ridge = np.eye(CLICK_ORDER) * (1.0 + 1e-6 * float(np.sum(samples**2)))
    weights = np.linalg.solve(before.T @ before + ridge, before.T @ now)
    return np.asarray(now - before @ weights)


def _echo(speaks: str, hears: str, tx: Pcm, rx: Pcm) -> Remark:
    """The echo of what one side says on the other."""
    side = f"{speaks} → {hears}"
    canceller = EchoCanceller(1, tail_ms=TAIL_MS, nlp=False)
    block = canceller.block
    length = len(tx) // block * block
    left = np.zeros((length, 1), dtype=np.float32)
    for at in range(0, length, block):
        left[at : at + block] = canceller.process(tx[at : at + block], rx[at : at + block])
    taken = _taken_db(tx[:length], rx[:length], left)
    loss, delay = canceller.erl_db(0), canceller.bulk_delay_ms(0)
    if taken is None:
        return Remark(side, "echo", "ok", f"cannot be told: {speaks} never speaks alone")
    if taken < LEAST_ERLE_DB or not math.isfinite(delay):
        return Remark(side, "echo", "ok", f"none up to {TAIL_MS} ms late")
    figures = {"erl_db": loss, "delay_ms": delay, "erle_db": taken}
    text = f"{delay:.0f} ms late, {loss:.0f} dB down; a canceller takes {taken:.0f} dB of it"
    if loss > HEARD_ECHO_DB:
        return Remark(side, "echo", "ok", f"{text}: not heard", "", figures)
    return Remark(side, "echo", "warn", text, "switch echo cancelling on", figures)


def _taken_db(tx: Pcm, rx: Pcm, left: Pcm) -> float | None:
    """By how much the canceller lowers `rx` in its second half, where mostly `tx` sounds."""
    frame = SAMPLE_RATE // 50
    count = len(tx) // frame
    sent, heard, rest = (
        np.mean(x[: count * frame].reshape(count, frame).astype(np.float64) ** 2, axis=1)
        for x in (tx, rx, left)
    )
    least = MEAN_SQUARE_0DBM0 * 10 ** (FAR_SPEAKS_DBM0 / 10)
    # What is about as loud as what was sent is somebody speaking there, not an echo.
    alone = (sent > least) & (heard < sent)
    alone[: count // 2] = False
    if alone.sum() < 10:
        return None
    ratio = np.median((heard[alone] + 1.0) / (rest[alone] + 1.0))
    return float(10 * np.log10(ratio))
