"""Packet-loss concealment: a short gap in a voice and what is put there; how a long one fades."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.svg import BLUE, MUTED, RED, Svg
from dsp_ext.plc import Concealer

RATE = 8000
BLOCK = 80
BLOCK_MS = 10
HIGHEST = 8000
SENT = "#b6bec7"
#: Blocks: (first shown, first lost, first that arrives again, last shown).
SHORT, LONG = (38, 40, 42, 45), (37, 40, 50, 54)


def voice(seconds: float) -> np.ndarray:
    """A gliding voice of 110 to 150 Hz with formants, (n,), whole blocks."""
    n = np.arange(int(seconds * RATE))
    hz = 130 + 20 * np.sin(2 * np.pi * 0.7 * n / RATE)
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    formants = ((500, 150), (1400, 150))
    signal = np.zeros(len(n))
    for k in range(1, 14):
        weight = sum(1 / (1 + ((k * 130 - f) / width) ** 2) for f, width in formants)
        signal += weight * np.sin(k * phase + 0.3 * k * k)
    return signal * 5000 / np.abs(signal).max()


def concealed(signal: np.ndarray, first: int, end: int) -> np.ndarray:
    """What is heard when the blocks from `first` to before `end` are lost."""
    lost = np.zeros(len(signal) // BLOCK, dtype=bool)
    lost[first:end] = True
    pcm = signal.astype(np.float32)[:, np.newaxis].copy()
    pcm[np.repeat(lost, BLOCK)] = 0
    return np.asarray(Concealer(1).process(pcm, lost[:, np.newaxis]))[:, 0]


def _gap(drawing: Svg, box: tuple[float, float, float, float], blocks: tuple[int, ...]) -> None:
    shown, first, end, last = blocks
    signal = voice(1)
    part = slice(shown * BLOCK, last * BLOCK)
    lost_ms = (end - first) * BLOCK_MS
    plot = Plot(
        drawing,
        box,
        Axis(0, (last - shown) * BLOCK_MS, "ms"),
        Axis(-HIGHEST, HIGHEST, ticks=(0,)),
        f"{lost_ms} ms lost",
    )
    left, right = ((each - shown) * BLOCK_MS for each in (first, end))
    corners = [(left, -HIGHEST), (right, -HIGHEST), (right, HIGHEST), (left, HIGHEST)]
    plot.area(corners, RED, opacity=0.08)
    time = np.arange((last - shown) * BLOCK) * 1000 / RATE
    plot.line(time, signal[part], SENT, width=3 if lost_ms < 50 else 1.2)
    plot.line(time, concealed(signal, first, end)[part], BLUE, width=1.3)
    plot.legend(("sent", SENT), ("heard", BLUE))


def draw() -> Svg:
    """The short gap on the left, the long one on the right."""
    drawing = card("Packet-loss concealment: what did not arrive is guessed, and faded out")
    _gap(drawing, LEFT, SHORT)
    _gap(drawing, RIGHT, LONG)
    drawing.text(758, 30, "a gliding voice", colour=MUTED, anchor="end")
    return drawing
