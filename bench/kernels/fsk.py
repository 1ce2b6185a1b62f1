"""Rows of the suite ``kernels``: caller ID receivers beside libspandsp's, Bell 202 in noise.

There is no goal for one channel: a receiver works on 32 at once, and one costs what they all do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.kernels.suite import SIZES, by_turns, pieces, row
from bench.peers._fsk import ffi, lib
from bench.report import Result
from dsp_ext import callerid, fsk
from dsp_ext.units import SAMPLE_RATE

PEER = "libspandsp adsi_rx, channel by channel, in C"
FRAMES = 25  # of 20 ms
SAMPLES = FRAMES * SAMPLE_RATE // 50
SHARE = 1 / 5
MESSAGE = callerid.encode_mdmf(callerid.CallerId(time="03171656", number="2156430144"))


def heard(channels: int) -> NDArray[np.float32]:
    """float32 of shape (SAMPLES, channels): on every channel one message in noise."""
    rng = np.random.default_rng(202)
    sender = fsk.CallerIdSender(channels)
    pcm = rng.normal(0, 20, (SAMPLES, channels))
    for channel in range(channels):
        sender.send(channel, MESSAGE, seizure_bits=100, mark_bits=120)
    sent = sender.process(SAMPLES)
    for channel in range(channels):
        pcm[:, channel] += np.roll(sent[:, channel], channel % 400)
    return np.round(pcm).astype(np.float32)


def measure(channels: int) -> Result:
    """One size.  RuntimeError when either side misses messages."""
    pcm = heard(channels)
    blocks = pieces(pcm)
    receiver = fsk.CallerIdReceiver(channels)
    samples = np.ascontiguousarray(pcm.T.astype(np.int16))
    peer = ffi.gc(lib.fsk_peer_new(channels), lib.fsk_peer_free)
    line = ffi.from_buffer("int16_t[]", samples)
    ours = sum(message.good for message in receiver.process(pcm))
    theirs = lib.fsk_peer_run(peer, line, SAMPLES)
    if min(ours, theirs) < 0.95 * channels:
        raise RuntimeError(f"of {channels} messages ours found {ours}, the peer {theirs}")
    ours_ns, peer_ns = by_turns(
        (
            lambda: [receiver.process(block) for block in blocks],
            lambda: lib.fsk_peer_run(peer, line, SAMPLES),
        )
    )
    return row(
        "caller ID", channels, FRAMES, ours_ns, peer_ns, PEER, SHARE if channels > 1 else None
    )


def run() -> list[Result]:
    """µs per 20 ms and channel at each size."""
    return [measure(channels) for channels in SIZES]
