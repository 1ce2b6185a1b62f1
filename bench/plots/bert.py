"""Bit error test: the rate it reads, and what it makes of slips, beside libspandsp's tester."""

from __future__ import annotations

import numpy as np

from bench.peers._bert import ffi, lib
from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.svg import BLUE, GREEN, MUTED, ORANGE, Svg
from dsp_ext.bert import BitErrorTester

OCTETS = 200_000  # 25 s
CHUNK = 8000


def read_rate(rate: float) -> float:
    """The rate that is read of independent errors."""
    tester = BitErrorTester(1)
    random = np.random.default_rng(11)
    for _ in range(0, OCTETS, CHUNK):
        octets = tester.make(CHUNK)
        octets[:, 0] ^= np.packbits(random.random(8 * CHUNK) < rate)
        tester.process(octets)
    counts = tester.counts()
    return float(counts["errors"][0] / (8 * counts["octets"][0]))


def slipping(slips: int) -> tuple[float, float]:
    """(bit errors we count, libspandsp counts) when so many octets are left out, one by one."""
    tester = BitErrorTester(1)
    octets = tester.make(CHUNK * (slips + 1) + slips)[:, 0]
    kept = np.delete(octets, [CHUNK * (k + 1) + k for k in range(slips)])
    tester.process(np.ascontiguousarray(kept[:, np.newaxis]))
    peer = ffi.gc(lib.bert_peer_new(1, 0), lib.bert_peer_free)
    found = ffi.new("int[3]")
    lib.bert_peer_check(peer, ffi.from_buffer("uint8_t[]", kept), len(kept))
    lib.bert_peer_result(peer, 0, found)
    return float(tester.counts()["errors"][0]), float(found[1])


def draw() -> Svg:
    """Rates on the left, slips on the right."""
    drawing = card("Bit error test: every wrong bit once, and none for a slip")
    rates = np.logspace(-5, -1, 13)
    power = "1e{:.0f}".format
    plot = Plot(
        drawing,
        LEFT,
        Axis(1e-5, 1e-1, "bit error rate", log=True, show=lambda v: power(np.log10(v))),
        Axis(1e-5, 1e-1, "rate read", log=True, show=lambda v: power(np.log10(v))),
        "25 s at each rate",
    )
    plot.line(rates, rates, MUTED, dash="4 3")
    plot.dots(rates, [max(read_rate(float(rate)), 1e-6) for rate in rates], BLUE)
    counts = (0, 1, 2, 4, 8, 12, 16)
    ours, theirs = zip(*(slipping(count) for count in counts), strict=True)
    most = max(1.0, *theirs) * 1.2
    slips = Plot(
        drawing,
        RIGHT,
        Axis(0, 16, "octets left out, one a second"),
        Axis(0, most, "bit errors told", show="{:.0f}".format),
        "slips, and no bit errors",
    )
    slips.line(counts, theirs, ORANGE)
    slips.line(counts, ours, GREEN)
    slips.legend(("libspandsp", ORANGE), ("ours", GREEN))
    return drawing
