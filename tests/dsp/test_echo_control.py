"""What can be asked of and told to the echo canceller, channel by channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.signals import echo_lines as lab
from dsp_ext.echo import EchoCanceller

PATHS = len(lab.PATHS)


def test_a_delay_that_is_told_is_beyond_the_tail() -> None:
    sent, echoes, received = lab.lines(lab.css(2), delay_ms=155)
    canceller = EchoCanceller(PATHS, tail_ms=64, nlp=False)
    for channel in range(PATHS):
        canceller.set_bulk_delay_ms(channel, 150)
    left = lab.cancelled(sent, received, canceller)
    assert lab.loss_db(echoes, left, 1.3, 2).min() > 20
    for channel in range(PATHS):
        assert 155 <= canceller.bulk_delay_ms(channel) <= 162
        assert canceller.held_back_ms(channel) == 150


def test_lanes_with_delays_of_their_own_keep_their_models() -> None:
    sent, echoes, received = lab.lines(lab.css(3), delay_ms=60)
    canceller = EchoCanceller(PATHS, tail_ms=128, nlp=False)
    half = 2 * 8000
    first = lab.cancelled(sent[:half], received[:half], canceller)
    for channel in range(1, PATHS):
        canceller.set_bulk_delay_ms(channel, 10 * (channel % 7))
    second = lab.cancelled(sent[half:], received[half:], canceller)
    before = lab.loss_db(echoes[:half], first, 1.3, 2)
    after = lab.loss_db(echoes[half:], second, 0, 0.7)
    assert (before - after).max() < 3, before - after


@pytest.mark.parametrize("channels", [8, 16, 32])
def test_what_was_given_is_left_as_it_was(channels: int) -> None:
    sent, _, received = lab.lines(lab.css(0.2))
    tx, rx = (np.tile(each, (1, channels // 8)).astype(np.float32) for each in (sent, received))
    kept = tx.copy(), rx.copy()
    EchoCanceller(channels).process(tx, rx)
    np.testing.assert_array_equal(tx, kept[0])
    np.testing.assert_array_equal(rx, kept[1])


def test_the_processor_is_a_matter_of_each_channel() -> None:
    sent, _, received = lab.lines(lab.css(2))
    canceller = EchoCanceller(PATHS, tail_ms=64)
    canceller.set_nlp(2, False)
    left = lab.cancelled(sent, received, canceller)
    plain = lab.cancelled(sent, received, EchoCanceller(PATHS, tail_ms=64, nlp=False))
    np.testing.assert_array_equal(left[:, 2], plain[:, 2])
    assert not np.array_equal(left[:, 3], plain[:, 3])


def test_a_shorter_tail_cancels_what_it_covers_and_grows_back() -> None:
    sent, echoes, received = lab.lines(lab.css(4), delay_ms=0)
    canceller = EchoCanceller(PATHS, tail_ms=128, nlp=False)
    assert canceller.tail_ms == 130
    third = len(sent) // 4
    lab.cancelled(sent[:third], received[:third], canceller)
    canceller.tail_ms = 30
    short = lab.cancelled(sent[third : 2 * third], received[third : 2 * third], canceller)
    assert lab.loss_db(echoes[third:], short, 0.3, 1).min() > 20
    canceller.tail_ms = 130
    whole = lab.cancelled(sent[2 * third :], received[2 * third :], canceller)
    assert lab.loss_db(echoes[2 * third :], whole, 0.3, 2).min() > 25


@pytest.mark.parametrize(
    ("delay_ms", "error"),
    [
        (-1, ValueError),
        (161, ValueError),
        ("20", TypeError),
        (True, TypeError),
        (float("nan"), ValueError),
    ],
)
def test_bad_delays_are_refused(delay_ms: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        EchoCanceller(1).set_bulk_delay_ms(0, delay_ms)


@pytest.mark.parametrize(
    ("tail_ms", "error"), [(0, ValueError), (140, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_bad_tails_are_refused(tail_ms: Any, error: type[Exception]) -> None:
    canceller = EchoCanceller(1, tail_ms=128)
    with pytest.raises(error):
        canceller.tail_ms = tail_ms
