"""Rows of the suite ``quality``: real prompts at many levels brought to one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.report import Result
from bench.signals import recorded
from dsp_ext.agc import Agc
from dsp_ext.units import SAMPLE_RATE, dbm0_of, peak

SECONDS = 20.0
SETTLE = 4 * SAMPLE_RATE
LEVELS_DBM0 = (-33, -28, -23, -18, -13, -8)
TARGET_DBM0 = -18.0
UNIT = 80


def _active(pcm: npt.NDArray[np.float32], speaks: npt.NDArray[np.bool_]) -> float:
    return dbm0_of(pcm.reshape(-1, UNIT)[speaks])


def run() -> list[Result]:
    """How far the level of speech is from the target, how loud the loudest, and noise alone."""
    clean = recorded.speech(SECONDS)[:, 0]
    power = np.mean(clean.reshape(-1, UNIT) ** 2, axis=1)
    speaks = power > power.max() / 1000
    scale = [peak(x) / peak(_active(clean, speaks)) for x in LEVELS_DBM0]
    pcm = np.clip(clean[:, None] * np.array(scale), -32768, 32767).astype(np.float32)
    made = Agc(len(scale), TARGET_DBM0).process(np.ascontiguousarray(pcm))
    late = speaks[SETTLE // UNIT :]
    errors = [_active(made[SETTLE:, c].copy(), late) - TARGET_DBM0 for c in range(len(scale))]
    hiss = np.random.default_rng(6).standard_normal((SETTLE * 2, 1)) * peak(-50) / 2**0.5
    control = Agc(1, TARGET_DBM0)
    control.process(hiss.astype(np.float32))
    largest = float(np.abs(made).max())
    return [
        Result(
            "quality",
            "gain control: speech of -33 to -8 dBm0",
            float(np.abs(errors).max()),
            "dB from target",
            "lower",
            goal=3.0,
        ),
        Result(
            "quality", "gain control: loudest sample", largest, "of 32768", "lower", goal=32767.0
        ),
        Result(
            "quality",
            "gain control: noise of -50 dBm0",
            float(control.gains_db()[0]),
            "dB raised",
            "lower",
            goal=0.5,
        ),
    ]
