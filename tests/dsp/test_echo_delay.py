"""The bulk delay is found, followed and not imagined."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.signals import echo_lines as lab
from dsp_ext.echo import EchoCanceller
from dsp_ext.units import SAMPLE_RATE

PATHS = len(lab.PATHS)


@pytest.mark.parametrize(
    ("signal", "delay_ms"),
    [(lab.css, 60), (lab.css, 125), (lab.css, 187), (lab.white, 60), (lab.white, 240)],
)
def test_an_echo_far_beyond_the_tail_is_found(signal: Any, delay_ms: int) -> None:
    """187 and 240 ms are 59 and 112 ms beyond a tail of 128 ms."""
    sent, echoes, received = lab.lines(signal(5), delay_ms=delay_ms)
    canceller = EchoCanceller(PATHS, tail_ms=128, nlp=False)
    left = lab.cancelled(sent, received, canceller)
    assert lab.loss_db(echoes, left, 4.3, 5).min() > 20
    for channel in range(PATHS):
        assert delay_ms <= canceller.bulk_delay_ms(channel) <= delay_ms + 8


def test_a_delay_that_jumps_is_followed_to_and_fro() -> None:
    far = lab.white(12)
    sent, echoes, _ = lab.lines(far, delay_ms=60)
    other = lab.lines(far, delay_ms=190)[1]
    echoes[4 * SAMPLE_RATE : 8 * SAMPLE_RATE] = other[4 * SAMPLE_RATE : 8 * SAMPLE_RATE]
    canceller = EchoCanceller(PATHS, tail_ms=64, nlp=False)
    left = lab.cancelled(sent, lab.coded(echoes), canceller)
    for end in (4, 8, 12):
        assert np.median(lab.loss_db(echoes, left, end - 0.7, end)) > 20, end


def test_double_talk_moves_nothing() -> None:
    near = lab.shaped(10, seed=78)
    sent, _, received = lab.lines(lab.shaped(10), near)
    canceller = EchoCanceller(PATHS, tail_ms=128, nlp=False)
    lab.cancelled(sent, received, canceller)
    assert [canceller.held_back_ms(channel) for channel in range(PATHS)] == [0] * PATHS


def test_a_reset_forgets_the_delay_found_but_not_the_one_told() -> None:
    sent, _, received = lab.lines(lab.css(3), delay_ms=150)
    canceller = EchoCanceller(PATHS, tail_ms=64, nlp=False)
    canceller.set_bulk_delay_ms(1, 140)
    lab.cancelled(sent, received, canceller)
    assert canceller.held_back_ms(0) > 100
    canceller.reset(0)
    canceller.reset(1)
    assert canceller.held_back_ms(0) == 0
    assert canceller.held_back_ms(1) == 140
