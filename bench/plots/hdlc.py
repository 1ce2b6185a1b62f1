"""HDLC: frames lost to bit errors, and what a frame costs on the line by its length."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.svg import BLUE, GREEN, MUTED, ORANGE, TEAL, Svg
from dsp_ext.hdlc import Deframer, Framer

FRAMES = 1200
LENGTHS = ((8, BLUE), (64, TEAL), (260, ORANGE))


def _line(length: int, frames: int, seed: int) -> tuple[set[bytes], np.ndarray]:
    """(the frames sent, the octets of the time slot)."""
    rng = np.random.default_rng(seed)
    framer = Framer(1, longest=264, queue=1 << 20)
    sent = [rng.integers(0, 256, length, dtype=np.uint8).tobytes() for _ in range(frames)]
    for frame in sent:
        framer.send(0, frame)
    size = 16
    parts = []
    while framer.pending(0):
        parts.append(framer.process(size)[0])
    parts.append(framer.process(length + 16)[0])
    return set(sent), np.concatenate(parts)


def lost_share(length: int, rate: float) -> tuple[float, int]:
    """(% of frames lost, wrong frames taken for good ones) at a bit error rate."""
    sent, octets = _line(length, FRAMES, 921)
    bits = np.unpackbits(octets)
    flips = np.random.default_rng(3).random(len(bits)) < rate
    noisy = np.packbits(bits ^ flips)[np.newaxis].copy()
    frames = Deframer(1, longest=264).process(noisy)
    good = sum(frame.data in sent for frame in frames)
    return 100 * (1 - good / FRAMES), len(frames) - good


def octets_a_frame(length: int) -> float:
    """Octets on the line for each frame of random octets."""
    _, octets = _line(length, 200, 7)
    return len(octets) / 200


def draw() -> Svg:
    """Losses on the left, cost on the right."""
    drawing = card("HDLC on a time slot: what bit errors and framing cost")
    rates = np.logspace(-5, -2, 13)
    plot = Plot(
        drawing,
        LEFT,
        Axis(1e-5, 1e-2, "bit error rate", log=True, show=lambda value: f"1e{np.log10(value):.0f}"),
        Axis(0, 100, "frames lost, %"),
        "frames lost (dots), and the least possible (lines)",
    )
    wrong = 0
    for length, colour in LENGTHS:
        # A frame of so many octets with its FCS, flags and about one stuffed bit in 62.
        bits = 8 * (length + 2) * 63 / 62 + 16
        fine = np.logspace(-5, -2, 60)
        plot.line(fine, 100 * (1 - (1 - fine) ** bits), colour, width=1.2)
        values = []
        for rate in rates:
            share, false = lost_share(length, float(rate))
            values.append(share)
            wrong += false
        plot.dots(rates, values, colour)
    plot.legend(*((f"{length} octets", colour) for length, colour in LENGTHS))
    total = len(LENGTHS) * len(rates) * FRAMES
    drawing.text(
        220,
        342,
        f"wrong frames let through: {wrong} of {total:,}",
        colour=MUTED,
        anchor="middle",
        size=10,
    )
    cost = Plot(
        drawing,
        RIGHT,
        Axis(1, 260, "octets of a frame", ticks=(1, 64, 128, 192, 260)),
        Axis(0, 100, "the frame's share of the line, %"),
        "what is left for data",
    )
    lengths = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 260]
    cost.line(lengths, [100 * length / octets_a_frame(length) for length in lengths], GREEN)
    return drawing
