"""The resampler: what its filters pass and stop."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.svg import BLUE, ORANGE, TEAL, Svg
from dsp_ext.resample import design

RATES = ((16000, 8000, BLUE), (48000, 8000, ORANGE), (44100, 8000, TEAL))
POINTS = 1 << 20


def response_db(from_hz: int, to_hz: int) -> tuple[np.ndarray, np.ndarray]:
    """(Hz, dB) of the whole filter, at the rate its phases make together."""
    phases, _ = design(from_hz, to_hz)
    up, taps = phases.shape
    whole = np.zeros(up * taps)
    for phase in range(up):
        whole[phase::up] = phases[phase, ::-1]
    size = max(POINTS, 1 << int(np.ceil(np.log2(len(whole)))))
    power = np.abs(np.fft.rfft(whole, size)) ** 2
    hz = np.arange(len(power)) * from_hz * up / size
    return hz, 10 * np.log10(power / power[0] + 1e-14)


def _highest(hz: np.ndarray, db: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The highest level between every two edges, so that no lobe is missed."""
    starts = np.searchsorted(hz, edges)
    return np.maximum.reduceat(db, starts)[:-1]


def draw() -> Svg:
    """All of it on the left, the pass band magnified on the right."""
    drawing = card("Resampler to 8 kHz: 80 dB of stop band, a flat pass band")
    whole = Plot(
        drawing,
        LEFT,
        Axis(0, 8000, "Hz", ticks=(0, 2000, 4000, 6000, 8000)),
        Axis(-120, 5, "dB", ticks=(-120, -80, -40, 0)),
        "from 16, 48 and 44.1 kHz",
    )
    flat = Plot(
        drawing,
        RIGHT,
        Axis(0, 4000, "Hz", ticks=(0, 1000, 2000, 3400)),
        Axis(-0.03, 0.03, "dB", ticks=(-0.02, -0.01, 0, 0.01, 0.02)),
        "the pass band, magnified",
    )
    edges = np.arange(0, 8001, 20.0)
    for from_hz, to_hz, colour in RATES:
        hz, db = response_db(from_hz, to_hz)
        whole.line(edges[:-1] + 10, _highest(hz, db, edges), colour, width=1.4)
        passed = np.arange(0, 3600, 10.0)
        flat.line(passed, np.interp(passed, hz, db), colour, width=1.4)
    whole.limit(-80, "limit: 80 dB from 4 kHz on")
    whole.legend(*((f"{from_hz / 1000:g} kHz", colour) for from_hz, _, colour in RATES), x=200)
    flat.limit(0.01, "limit: 0.01 dB up to 3.4 kHz")
    flat.limit(-0.01, "")
    return drawing
