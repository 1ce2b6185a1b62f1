"""The tone disabler: G.168 clause 7, with the figures of G.165's clause 4."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.signals import echo_lines as lab
from dsp_ext.echo import EchoCanceller
from dsp_ext.units import SAMPLE_RATE, peak


def answer(
    seconds: float,
    hz: float = 2100,
    every_s: float = 0.45,
    degrees: float = 180,
    level: float = -12,
    begin_s: float = 0,
) -> Any:
    n = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    turns = np.floor((n + begin_s) / every_s)
    return peak(level) * np.cos(2 * np.pi * hz * n + np.deg2rad(degrees) * turns)


def history(signals: Any, side: str) -> Any:
    """Whether each channel was disabled after each block, (blocks, channels)."""
    columns = lab.coded(np.stack(signals, axis=1))
    other = np.zeros_like(columns)
    tx, rx = (columns, other) if side == "tx" else (other, columns)
    canceller = EchoCanceller(columns.shape[1])
    told = []
    for at in range(0, len(columns) - 79, 80):
        canceller.process(tx[at : at + 80], rx[at : at + 80])
        told.append([canceller.disabled(channel) for channel in range(canceller.channels)])
    return np.array(told)


@pytest.mark.parametrize("side", ["tx", "rx"])
def test_it_operates_within_a_second(side: str) -> None:
    kinds = [
        answer(1, hz, every, degrees, level, begin)
        for hz in (2079, 2100, 2121)
        for every in (0.425, 0.475)
        for degrees in (155, 180, 205)
        for level in (-31, 0)
        for begin in (0, 0.137, 0.37)
    ]
    assert history(kinds, side)[-1].all()


def test_it_operates_in_noise_11_db_below() -> None:
    kinds = [answer(1.5) + lab.white(1.5, -23, seed) for seed in range(20)]
    assert history(kinds, "rx")[-1].all()


def test_it_does_not_operate_on_anything_else() -> None:
    kinds = {
        "plain tone": answer(4, degrees=0),
        "reversals of 110 degrees": answer(4, degrees=110),
        "reversals of -110 degrees": answer(4, degrees=-110),
        "too soft": answer(4, level=-35.2),
        "1900 Hz": answer(4, 1900),
        "2350 Hz": answer(4, 2350),
        "as much elsewhere": answer(4) + answer(4, 440, degrees=0),
        "noise": lab.white(4),
        "speech-shaped": lab.shaped(4),
        "CSS": lab.css(4),
        "DTMF": lab.tones(4, [852, 1336]),
    }
    told = history(list(kinds.values()), "rx").any(axis=0)
    assert not told.any(), [name for name, hit in zip(kinds, told, strict=True) if hit]


def test_it_holds_over_a_gap_and_lets_go_in_silence() -> None:
    parts = [answer(1), np.zeros(800), answer(0.5, 1800, degrees=0, level=-31), np.zeros(4000)]
    told = history([np.concatenate(parts)], "rx")[:, 0]
    assert told[99:160].all()  # through 100 ms without signal, held by any signal in the band
    silent = np.flatnonzero(told[160:] == 0)[0] * 10
    assert 100 <= silent <= 400


def test_while_disabled_the_line_is_a_wire() -> None:
    tone = answer(1.5)
    near = np.concatenate([np.zeros(len(tone) - 4000), lab.white(0.5, seed=4)])
    sent, _, received = lab.lines(tone, near)
    left = lab.cancelled(sent, received, EchoCanceller(8, tail_ms=64))
    np.testing.assert_array_equal(left[-1600:], received[-1600:])


def test_a_plain_tone_stops_the_processor_only() -> None:
    sent, _, received = lab.lines(answer(2, degrees=0))
    with_it, without = (lab.cancelled(sent, received, nlp=on) for on in (True, False))
    np.testing.assert_array_equal(with_it[-1600:], without[-1600:])


def test_it_can_be_switched_off() -> None:
    canceller = EchoCanceller(1)
    canceller.set_disabler(0, False)
    heard = lab.coded(answer(2))[:, np.newaxis]
    lab.cancelled(np.zeros_like(heard), heard, canceller)
    assert not canceller.disabled(0)
