"""Rows of the suite ``kernels``: the bit error tester beside libspandsp's."""

from __future__ import annotations

import numpy as np

from bench.kernels.suite import SIZES, by_turns, row
from bench.peers._bert import ffi, lib
from bench.report import Result
from dsp_ext.bert import BitErrorTester

PEER = "libspandsp bert, channel by channel, in C"
FRAMES = 10  # of 20 ms
OCTETS = FRAMES * 160
SHARE = 1 / 2


def measure(channels: int) -> list[Result]:
    """One size, both halves. RuntimeError when a side does not find its own pattern."""
    tester = BitErrorTester(channels)
    peer = ffi.gc(lib.bert_peer_new(channels, 0), lib.bert_peer_free)
    sent = np.zeros((OCTETS, channels), np.uint8)
    place = ffi.from_buffer("uint8_t[]", sent, require_writable=True)
    made = by_turns((lambda: tester.make(OCTETS), lambda: lib.bert_peer_make(peer, place, OCTETS)))
    octets = tester.make(OCTETS)
    theirs = np.zeros_like(octets)
    lib.bert_peer_make(peer, ffi.from_buffer("uint8_t[]", theirs, require_writable=True), OCTETS)
    given = ffi.from_buffer("uint8_t[]", theirs)
    tester.process(octets)
    found = ffi.new("int[3]")
    lib.bert_peer_check(peer, given, OCTETS)
    lib.bert_peer_result(peer, 0, found)
    if not tester.counts()["locked"].all() or not found[0]:
        raise RuntimeError("a pattern was not found")
    heard = by_turns(
        (
            lambda: tester.process(octets),
            lambda: lib.bert_peer_check(peer, given, OCTETS),
        )
    )
    share = SHARE if channels > 1 else None
    return [
        row("bit error test sent", channels, FRAMES, made[0], made[1], PEER, share),
        row("bit error test compared", channels, FRAMES, heard[0], heard[1], PEER, share),
    ]


def run() -> list[Result]:
    """µs per 20 ms and channel at each size."""
    return [result for channels in SIZES for result in measure(channels)]
