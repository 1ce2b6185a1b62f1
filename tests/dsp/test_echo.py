"""Echo canceller: G.168's paths and signals, A-law both ways, against formulas and limits.

The measurements at full length and beside a peer are `python -m bench quality`; here are their
short forms, the doors, and bad input.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.signals import echo_lines as lab
from dsp_ext.echo import EchoCanceller
from dsp_ext.units import MEAN_SQUARE_0DBM0, SAMPLE_RATE, dbm0_of, peak
from tests.dsp.echo_oracle import BLOCK, Oracle

PATHS = len(lab.PATHS)
FAR = {"css": lab.css, "speech-shaped": lab.shaped}


def frozen(sent: Any, received: Any, canceller: EchoCanceller) -> Any:
    """What the model, as it is now, leaves of a further stretch."""
    for channel in range(canceller.channels):
        canceller.freeze(channel)
    return lab.cancelled(sent, received, canceller)


# ---- the filter


def test_the_kernel_computes_what_the_formulas_say() -> None:
    far = np.concatenate([lab.css(0.6), lab.shaped(0.6), np.zeros(800)])
    near = np.concatenate([np.zeros(7200), lab.shaped(0.4, -22, seed=8)])
    sent, _, received = lab.lines(far[:10400], near[:10400])
    oracle = Oracle(PATHS)
    ours = lab.cancelled(sent, received)
    theirs = np.concatenate(
        [
            oracle.process(sent[at : at + BLOCK], received[at : at + BLOCK])
            for at in range(0, len(sent), BLOCK)
        ]
    )
    apart = lab.loss_db(theirs, ours - theirs, 0, len(sent) / SAMPLE_RATE)
    assert apart.min() > 35, apart  # the nearer to a limit, the more single precision decides


def test_the_formulas_and_the_kernel_see_a_changed_path_alike() -> None:
    far = lab.css(2.0)
    sent, echoes, _ = lab.lines(far)
    echoes[SAMPLE_RATE:] = np.roll(echoes, 1, axis=1)[SAMPLE_RATE:]
    received = lab.coded(echoes)
    oracle = Oracle(PATHS)
    ours = lab.cancelled(sent, received)
    theirs = np.concatenate(
        [
            oracle.process(sent[at : at + BLOCK], received[at : at + BLOCK])
            for at in range(0, len(sent), BLOCK)
        ]
    )
    assert oracle.changes > 0
    apart = lab.loss_db(theirs, ours - theirs, 1, 2)
    assert np.median(apart) > 20, apart


@pytest.mark.parametrize("signal", FAR)
def test_it_converges_fast_and_far(signal: str) -> None:
    sent, echoes, received = lab.lines(FAR[signal](5))
    left = lab.cancelled(sent, received)
    for moment, least in ((0.5, 20), (1, 28), (5, 35)):
        assert lab.loss_db(echoes, left, moment - 0.35, moment).mean() >= least, moment


@pytest.mark.skipif(not any(lab.PROMPTS.glob("**/*.wav")), reason="no prompts")
def test_prompts_are_learned_from_as_noise_is_and_kept_while_both_ends_speak() -> None:
    losses = []
    for seed in (21, 23):
        far, near = (lab.recorded(lab.PROMPTS, 7, seed=s) for s in (seed, seed + 30))
        near[: 3 * SAMPLE_RATE] = near[5 * SAMPLE_RATE :] = 0
        sent, echoes, received = lab.lines(far, near)
        left = lab.cancelled(sent, received)
        losses.append([lab.loss_db(echoes, left, *each).mean() for each in ((2, 3), (5.05, 7))])
    assert np.mean(losses, axis=0).min() >= 26, losses


@pytest.mark.parametrize("near_db", [-10, 0, 6])
@pytest.mark.parametrize("signal", FAR)
def test_three_seconds_of_double_talk_cost_less_than_3_db(signal: str, near_db: int) -> None:
    near = np.zeros(9 * SAMPLE_RATE)
    kind = {"css": lab.css(3, kind="c3"), "speech-shaped": lab.shaped(3, seed=78)}[signal]
    near[3 * SAMPLE_RATE : 6 * SAMPLE_RATE] = lab.at_level(kind, lab.LEVEL_DBM0 + near_db)
    sent, echoes, received = lab.lines(FAR[signal](9)[: len(near)], near)
    left = lab.cancelled(sent, received)
    before = lab.loss_db(echoes, left, 2.3, 3)
    after = lab.loss_db(echoes, left, 6.05, 6.4)
    assert (before - after).max() <= 3, before - after


@pytest.mark.parametrize("jump_ms", [0, 20])
def test_a_changed_path_is_learned_within_a_second(jump_ms: int) -> None:
    far = lab.css(5)
    sent, echoes, _ = lab.lines(far)
    other = lab.lines(far, delay_ms=lab.DELAY_MS + jump_ms)[1]
    change = 3 * SAMPLE_RATE
    echoes[change:] = np.roll(other, 3, axis=1)[change:]
    left = lab.cancelled(sent, lab.coded(echoes))
    assert lab.loss_db(echoes, left, 3.65, 4).mean() >= 20
    assert lab.loss_db(echoes, left, 4.65, 5).mean() >= 28


def test_an_echo_that_goes_and_comes_back_is_followed() -> None:
    """Test 5: the path opens; what is returned falls below -37 dBm0 within half a second."""
    sent, echoes, _ = lab.lines(lab.css(7, -10))
    echoes[3 * SAMPLE_RATE : 5 * SAMPLE_RATE] = 0
    left = lab.cancelled(sent, lab.coded(echoes))
    assert lab.meter_dbm0(left)[round(3.6 * SAMPLE_RATE) : 5 * SAMPLE_RATE].max() <= -37
    assert lab.loss_db(echoes, left, 6.3, 7).mean() >= 20


def anything(name: str, seconds: float) -> Any:
    n = np.arange(round(seconds * SAMPLE_RATE))
    made = {
        "white": lambda: lab.white(seconds),
        "400 Hz": lambda: lab.tones(seconds, [400]),
        "3400 Hz": lambda: lab.tones(seconds, [3400]),
        "2100 Hz": lambda: lab.tones(seconds, [2100], -9),
        "key": lambda: lab.tones(seconds, [697, 1209], -6) * (n % 800 < 400),
        "dial tone": lambda: lab.tones(seconds, [350, 440]),
        "sweep": lambda: peak(-13) * np.sin(2 * np.pi * (200 + 1700 * n / len(n)) * n / 8000),
        "square": lambda: 30000.0 * np.sign(np.sin(2 * np.pi * 130 * n / 8000)),
        "loud css": lambda: lab.css(seconds, 0),
        "soft css": lambda: lab.css(seconds, -30),
        "silence": lambda: np.zeros(len(n)),
        "clicks": lambda: 20000.0 * (n % 997 == 0),
    }
    return made[name]()


SIGNALS = ["white", "400 Hz", "3400 Hz", "2100 Hz", "key", "dial tone"]
SIGNALS += ["sweep", "square", "loud css", "soft css", "silence", "clicks"]


@pytest.mark.parametrize("name", SIGNALS)
def test_no_signal_is_made_louder(name: str) -> None:
    """From the start and after convergence, in any 50 ms: never 3 dB above what came in, where
    that is heard at all (-50 dBm0).
    """
    for lead in (np.zeros(0), lab.css(1)):
        far = np.concatenate([lead, anything(name, 2.5)])
        sent, _, received = lab.lines(far)
        left = lab.cancelled(sent, received)
        for at in range(len(lead), len(far), 400):
            loud = (received[at : at + 400] ** 2).mean(axis=0) > MEAN_SQUARE_0DBM0 * 1e-5
            rose = -lab.loss_db(received, left, at / SAMPLE_RATE, at / SAMPLE_RATE + 0.05)
            assert np.all(rose[loud] < 3), (name, at, rose[loud])


@pytest.mark.parametrize("hz", [[697], [1633], [770, 1336]])
def test_tones_do_not_spoil_a_grown_model(hz: list[float]) -> None:
    """Test 6: after 5 s of tones the frozen model is within 10 dB of the steady figure."""
    canceller = EchoCanceller(PATHS, tail_ms=128, nlp=False)
    sent, _, received = lab.lines(np.concatenate([lab.css(2), lab.tones(5, hz, -10)]))
    lab.cancelled(sent, received, canceller)
    sent, _, received = lab.lines(lab.css(1.4))
    left = frozen(sent, received, canceller)
    steady = 25 / 30 * lab.LEVEL_DBM0 - 30
    assert dbm0_of(left[SAMPLE_RATE // 4 :]) <= steady + 10


def test_silence_leaves_the_model_as_it_was() -> None:
    """Test 4: the leak rate is none, whatever an idle A-law line sends."""
    canceller = EchoCanceller(PATHS, tail_ms=128, nlp=False)
    sent, _, received = lab.lines(lab.css(2))
    lab.cancelled(sent, received, canceller)
    sent, _, received = lab.lines(np.zeros(2000))
    lab.cancelled(sent, received, canceller)
    models = [canceller.impulse_response(c) for c in range(PATHS)]
    sent, _, received = lab.lines(np.zeros(20 * SAMPLE_RATE))
    lab.cancelled(sent, received, canceller)
    for channel, model in enumerate(models):
        np.testing.assert_array_equal(canceller.impulse_response(channel), model)


# ---- the non-linear processor


@pytest.mark.parametrize("level", [-10, -20, -30])
def test_what_is_left_is_not_heard_after_a_second(level: int) -> None:
    """Test 2A with the A-law idle line's own offset filtered by the meter: -65 dBm0."""
    far = np.concatenate([np.zeros(1600), lab.css(3, level)])
    sent, _, received = lab.lines(far)
    left = lab.meter_dbm0(lab.cancelled(sent, received, nlp=True))
    loudest = left[1600 + SAMPLE_RATE :].max(axis=0)
    assert np.sum(loudest <= -65) >= PATHS - 1, loudest
    assert loudest.max() <= -60


@pytest.mark.parametrize("level", [-40, -50, -60])
def test_comfort_noise_is_as_loud_as_the_line(level: int) -> None:
    """Test 9: within 2 dB over 700 ms."""
    far = np.concatenate([np.zeros(4 * SAMPLE_RATE), lab.white(2.8, -10)])
    noise = lab.white(len(far) / SAMPLE_RATE, level, seed=5)
    sent, _, received = lab.lines(far, noise)
    left = lab.cancelled(sent, received, nlp=True)
    end = len(far) / SAMPLE_RATE
    assert np.abs(lab.loss_db(noise[:, None], left, end - 0.7, end)).max() <= 2


@pytest.mark.parametrize("level", [-10, -16, -22])
def test_the_near_end_is_not_cut(level: int) -> None:
    """Both ends speak: what the near end says is as loud as without the processor."""
    far = lab.shaped(5)
    near = lab.shaped(5, level, seed=31)
    near[: 2 * SAMPLE_RATE] = 0
    sent, _, received = lab.lines(far, near)
    plain, processed = (lab.cancelled(sent, received, nlp=on) for on in (False, True))
    cut = [lab.loss_db(plain, processed, at / 50, (at + 1) / 50) for at in range(105, 250)]
    assert np.mean(np.array(cut) > 6) < 0.01


def test_without_a_far_end_nothing_is_touched() -> None:
    near = lab.shaped(1, -30)
    sent, _, received = lab.lines(np.zeros(len(near)), near)
    np.testing.assert_allclose(lab.cancelled(sent, received, nlp=True), received, atol=0.01)


# ---- the doors


def test_channels_do_not_hear_each_other() -> None:
    sent, _, received = lab.lines(lab.css(0.6))
    alone = lab.cancelled(sent[:, 3:4], received[:, 3:4], EchoCanceller(1, tail_ms=64, nlp=False))
    many = EchoCanceller(40, tail_ms=64, nlp=False)
    rng = np.random.default_rng(2)
    tx, rx = (rng.normal(0, 3000, (len(sent), 40)).astype(np.float32) for _ in range(2))
    tx[:, 21], rx[:, 21] = sent[:, 3], received[:, 3]
    np.testing.assert_array_equal(lab.cancelled(tx, rx, many)[:, 21], alone[:, 0])


def test_what_it_tells_of_the_path() -> None:
    canceller = EchoCanceller(PATHS, tail_ms=128)
    assert math.isnan(canceller.bulk_delay_ms(0))
    sent, _, received = lab.lines(lab.css(2), erl_db=12.0, delay_ms=40)
    lab.cancelled(sent, received, canceller)
    for channel in range(PATHS):
        model = canceller.impulse_response(channel)
        assert model.shape == (canceller.taps,) == (1040,)
        assert 40 <= canceller.bulk_delay_ms(channel) <= 46
        assert 7 <= canceller.erl_db(channel) <= 18  # the paths differ in energy by 8 dB
        assert canceller.erle_db(channel) > 25
        assert not canceller.double_talk(channel)
    sent, _, received = lab.lines(lab.css(0.24), lab.css(0.24, kind="c3"), erl_db=12.0, delay_ms=40)
    lab.cancelled(sent, received, canceller)
    assert all(canceller.double_talk(channel) for channel in range(PATHS))


def test_off_is_a_wire_and_on_begins_afresh() -> None:
    """But for the comfort noise, which is never twice the same."""
    sent, _, received = lab.lines(lab.css(0.6))
    canceller = EchoCanceller(PATHS, tail_ms=64, nlp=False)
    for channel in range(PATHS):
        canceller.enable(channel, False)
    np.testing.assert_array_equal(lab.cancelled(sent, received, canceller), received)
    canceller.enable(5)
    left = lab.cancelled(sent, received, canceller)
    fresh = lab.cancelled(sent, received, EchoCanceller(PATHS, tail_ms=64, nlp=False))
    np.testing.assert_array_equal(left[80:, 5], fresh[80:, 5])
    np.testing.assert_array_equal(left[80:, :5], received[80:, :5])


def test_reset_forgets_one_channel_only() -> None:
    sent, _, received = lab.lines(lab.css(0.6))
    canceller = EchoCanceller(PATHS, tail_ms=64)
    lab.cancelled(sent, received, canceller)
    kept = canceller.impulse_response(1)
    canceller.reset(0)
    assert not canceller.impulse_response(0).any()
    np.testing.assert_array_equal(canceller.impulse_response(1), kept)
    canceller.freeze(0)
    lab.cancelled(sent, received, canceller)
    assert not canceller.impulse_response(0).any()
    canceller.freeze(0, False)
    lab.cancelled(sent, received, canceller)
    assert canceller.impulse_response(0).any()


@pytest.mark.parametrize("tail_ms", [64, 128])
def test_memory_is_told(tail_ms: int) -> None:
    assert 8_000 < EchoCanceller(16, tail_ms=tail_ms).bytes_per_channel < 26_000


def block(samples: int = 80, channels: int = 2, dtype: Any = np.float32) -> Any:
    return np.zeros((samples, channels), dtype)


@pytest.mark.parametrize(
    ("tx", "rx", "error"),
    [
        (block(), block(dtype=np.float64), TypeError),
        (block().tolist(), block(), TypeError),
        (block(), block(channels=3), ValueError),
        (block(160), block(80), ValueError),
        (block(79), block(79), ValueError),
        (block(1), block(1), ValueError),
        (np.full((80, 2), np.nan, np.float32), block(), ValueError),
        (block(), np.full((80, 2), np.inf, np.float32), ValueError),
        (block(160)[::2], block(), ValueError),
    ],
)
def test_bad_blocks_are_refused(tx: Any, rx: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        EchoCanceller(2).process(tx, rx)


@pytest.mark.parametrize("tail_ms", [0, 32, 100, 128.5, "64", True, None])
def test_bad_tails_are_refused(tail_ms: Any) -> None:
    with pytest.raises(ValueError, match="tail_ms"):
        EchoCanceller(1, tail_ms=tail_ms)


def test_bad_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="channels"):
        EchoCanceller(0)
    canceller = EchoCanceller(2)
    for door in (canceller.reset, canceller.enable, canceller.freeze, canceller.erl_db):
        with pytest.raises(IndexError):
            door(2)
        with pytest.raises(TypeError):
            door("0")


def test_no_samples_give_no_samples() -> None:
    assert EchoCanceller(3).process(block(0, 3), block(0, 3)).shape == (0, 3)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    scales=st.lists(st.sampled_from([0, 1, 300, 32768, 1e6]), min_size=2, max_size=6),
    nlp=st.booleans(),
)
def test_whatever_comes_what_goes_out_is_a_number(
    seed: int, scales: list[float], nlp: bool
) -> None:
    rng = np.random.default_rng(seed)
    canceller = EchoCanceller(2, nlp=nlp)
    for scale in scales:
        tx, rx = (rng.uniform(-scale, scale, (400, 2)).astype(np.float32) for _ in range(2))
        out = canceller.process(tx, rx)
        assert np.isfinite(out).all()
        assert np.abs(out).max() <= 8 * max(scales) + 1000


def test_random_octets_do_no_harm() -> None:
    rng = np.random.default_rng(4)
    shape = (100 * BLOCK, 32)
    sent = np.sign(rng.normal(size=shape)) * 2.0 ** rng.uniform(3, 15, shape)
    received = np.sign(rng.normal(size=shape)) * 2.0 ** rng.uniform(3, 15, shape)
    canceller = EchoCanceller(32, tail_ms=128, nlp=False)
    left = lab.cancelled(sent, received, canceller)
    assert (lab.loss_db(received, left, 0.5, 1) > -0.5).all()
