"""Rows of the suite ``quality``: stop band and pass band of the resampler, beside libspeexdsp's.

Tones are sent through: in the pass band (to 0.85 of half the lower rate) the largest error of their
level, in the stop band (from half the lower rate on) the loudest that is left of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bench.media_kernels import line, view
from bench.peers._media import ffi, lib
from bench.report import Result
from dsp_ext.resample import Resampler

PEER = "libspeexdsp's resampler, quality 8"
PEAK = 10000.0
TONES = 24
FRAME = 160
DOWN = ((16000, 8000), (48000, 8000))
UP = ((8000, 16000), (8000, 48000))

Floats = npt.NDArray[np.float32]


def _tones(hz: npt.NDArray[np.float64], rate: int) -> Floats:
    t = np.arange(rate // FRAME * FRAME)[:, None] / rate
    return np.ascontiguousarray(PEAK * np.sin(2 * np.pi * hz * t), dtype=np.float32)


def ours(pcm: Floats, from_hz: int, to_hz: int) -> Floats:
    """What our resampler makes of it."""
    out: Floats = Resampler(pcm.shape[1], from_hz, to_hz).process(pcm)
    return out


def peers(pcm: Floats, from_hz: int, to_hz: int) -> Floats:
    """What the peer makes of it."""
    samples, channels = pcm.shape
    peer = ffi.gc(lib.resample_peer_new(channels, from_hz, to_hz, 8), lib.media_peer_free)
    room = samples * to_hz // from_hz + 64
    source, out = line(pcm, "float32"), np.zeros((channels, room), dtype=np.float32)
    made = lib.resample_peer_run(peer, view(source, "float[]"), samples, view(out, "float[]"), room)
    return np.ascontiguousarray(out[:, :made].T)


def _levels(pcm: Floats) -> npt.NDArray[np.float64]:
    """dB of each channel beside what was sent, the ends left out."""
    middle = pcm[len(pcm) // 4 : -len(pcm) // 4].astype(np.float64)
    levels: npt.NDArray[np.float64] = 20 * np.log10(middle.std(axis=0) / PEAK * 2**0.5 + 1e-9)
    return levels


def _image(made: Floats, from_hz: int, to_hz: int) -> float:
    """The loudest channel's part above half the input rate, dB."""
    middle = made[len(made) // 4 : -len(made) // 4].astype(np.float64)
    power = np.abs(np.fft.rfft(middle * np.kaiser(len(middle), 20)[:, None], axis=0)) ** 2
    hz = np.fft.rfftfreq(len(middle), 1 / to_hz)
    return float(10 * np.log10(power[hz > from_hz / 2].sum(axis=0) / power.sum(axis=0)).max())


def run() -> list[Result]:
    """Each ratio: ripple, and what is left where nothing should be."""
    results = []
    for from_hz, to_hz in (*DOWN, *UP):
        half = min(from_hz, to_hz) / 2
        what = f"resample {from_hz // 1000} → {to_hz // 1000} kHz"
        passed = _tones(np.linspace(100, 0.85 * half, TONES), from_hz)
        made = [side(passed, from_hz, to_hz) for side in (ours, peers)]
        ripple = [float(np.abs(_levels(x)).max()) for x in made]
        if from_hz > to_hz:
            stopped = _tones(np.linspace(half, min(from_hz / 2 - 100, 4 * half), TONES), from_hz)
            left = [float(_levels(s(stopped, from_hz, to_hz)).max()) for s in (ours, peers)]
        else:
            left = [_image(x, from_hz, to_hz) for x in made]
        results += [
            Result(
                "quality",
                f"{what}: pass band",
                ripple[0],
                "dB ripple",
                "lower",
                PEER,
                ripple[1],
                0.1,
            ),
            Result(
                "quality", f"{what}: stop band", left[0], "dB left", "lower", PEER, left[1], -80.0
            ),
        ]
    return results
