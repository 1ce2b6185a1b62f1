"""Each fault of the wire, measured at the receiving end."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext import g711
from dsp_ext.event import RingFull
from dsp_ext.port import Wire
from tests.engine.rig import BLOCK, COUNTING, IDLE, Pair, is_counting

BLOCKS = 100


def carry(wire: Wire, there: np.ndarray, back: np.ndarray | None = None) -> np.ndarray:
    """Send (n, channels) octets from a, `back` from b -> what b receives of them, (n, channels).

    The first block b reads is what was in the line before.
    """
    idle = np.full((BLOCK, wire.channels), IDLE, np.uint8)
    heard = []
    for at in range(0, len(there), BLOCK):
        wire.a.read()
        wire.a.write(np.ascontiguousarray(there[at : at + BLOCK].T))
        heard.append(wire.b.read().T)
        answer = idle if back is None else back[at : at + BLOCK]
        wire.b.write(np.ascontiguousarray(answer.T))
    return np.concatenate(heard)


def counting(blocks: int = BLOCKS, channels: int = 1) -> np.ndarray:
    row = (np.arange(blocks * BLOCK) % 256).astype(np.uint8)
    return np.repeat(row[:, None], channels, axis=1)


def silence(blocks: int = BLOCKS, channels: int = 1) -> np.ndarray:
    return np.full((blocks * BLOCK, channels), IDLE, np.uint8)


def linear(octets: np.ndarray) -> np.ndarray:
    return np.asarray(g711.alaw_decode(np.ascontiguousarray(octets))).astype(float)


def dbm0(samples: np.ndarray) -> float:
    return 10 * np.log10(np.mean(samples**2) / 2**29) + 3.14


def sine(level_dbm0: float, blocks: int = BLOCKS) -> np.ndarray:
    peak = 32768 * 10 ** ((level_dbm0 - 3.14) / 20)
    wave = peak * np.sin(2 * np.pi * 1004 / 8000 * np.arange(blocks * BLOCK))
    return np.asarray(g711.alaw_encode(wave.round().astype(np.int16)))[:, None]


@pytest.mark.parametrize("delay_ms", [0.125, 5, 9.875, 10, 33.5, 500])
def test_delay_is_exact_to_the_sample(delay_ms):
    wire, late = Wire(2), int(delay_ms * 8) + BLOCK
    wire.fault("b", 1, delay_ms=delay_ms)
    heard = carry(wire, counting(channels=2))
    assert is_counting(heard[BLOCK:, 0])  # the other channel knows nothing of it
    assert (heard[:late, 1] == IDLE).all()
    assert heard[late, 1] == 0 and is_counting(heard[late:, 1])


def test_delay_can_change_while_running_and_go():
    wire = Wire(1)
    heard = [carry(wire, counting(16))]
    for delay in (50, 0):
        wire.fault("b", delay_ms=delay)
        heard.append(carry(wire, counting(16)))
    # 16 blocks of 80 are five rounds of 256: each run's octets start at 0 one block late.
    assert heard[1][480, 0] == 0 and is_counting(heard[1][BLOCK:, 0])
    assert is_counting(heard[2][BLOCK:, 0]) and heard[2][BLOCK, 0] == 0


@pytest.mark.parametrize("gain_db", [-20, -6, 6])
def test_gain(gain_db):
    wire = Wire(1)
    wire.fault("b", gain_db=gain_db)
    heard = linear(carry(wire, sine(-10))[BLOCK:])
    assert dbm0(heard) == pytest.approx(-10 + gain_db, abs=0.1)


def test_noise_level_and_that_seeds_tell_runs_apart():
    def noisy(seed: int) -> np.ndarray:
        wire = Wire(2, seed=seed)
        wire.fault("b", noise_dbm0=-40)
        return linear(carry(wire, silence(channels=2))[BLOCK:])

    first, again, other = noisy(1), noisy(1), noisy(2)
    assert dbm0(first) == pytest.approx(-40, abs=0.2)
    assert (first == again).all()
    for left, right in ((first[:, 0], first[:, 1]), (first[:, 0], other[:, 0])):
        assert abs(np.corrcoef(left, right)[0, 1]) < 0.05
    assert abs(np.mean(first) - 8) < 5  # of an RMS of 228; A-law's silence is +8


def test_bit_errors_are_counted_and_spread_over_all_bits():
    wire = Wire(1)
    wire.fault("b", bit_error_rate=1e-2)
    sent, heard = counting(400), None
    heard = carry(wire, sent)
    wrong = np.bitwise_xor(heard[BLOCK:, 0], sent[:-BLOCK, 0])
    flips = np.unpackbits(wrong).sum()
    counted = wire.counters()["b"]["bit_errors"]
    prefilled = np.unpackbits(heard[:BLOCK, 0] ^ IDLE).sum()
    assert flips + prefilled == counted
    assert counted == pytest.approx(400 * BLOCK * 8 * 1e-2, rel=0.1)
    by_bit = [(wrong >> bit & 1).sum() for bit in range(8)]
    assert min(by_bit) > 0.7 * max(by_bit)


def test_bit_error_rates_at_the_ends():
    wire = Wire(1)
    wire.fault("b", bit_error_rate=1.0)
    assert (carry(wire, silence(3)) == IDLE ^ 0xFF).all()
    wire.fault("b", bit_error_rate=1e-300)
    assert (carry(wire, silence(3)) == IDLE).all()


def test_lost_blocks_to_order():
    wire = Wire(2)
    carry(wire, counting(1, 2))
    wire.lose("b", 3)
    heard = carry(wire, counting(16, 2))
    assert (heard[: 3 * BLOCK] == IDLE).all()
    assert is_counting(heard[3 * BLOCK :, 0])
    counters = wire.counters()
    assert counters["b"]["lost"] == 3 and counters["a"]["lost"] == 0
    assert counters["b"]["lost_octets"] == wire.lost_octets("b") == 3 * 2 * BLOCK
    assert wire.carried_octets("b") == (16 - 3) * 2 * BLOCK


def test_loss_rate_of_the_line_hits_all_channels_at_once_and_of_a_channel_it_alone():
    wire = Wire(3)
    wire.fault("b", loss_rate=0.2)
    blocks = carry(wire, counting(500, 3)).reshape(500, BLOCK, 3)[1:]
    lost = (blocks == IDLE).all(axis=1)
    assert (lost[:, 0] == lost[:, 1]).all() and (lost[:, 0] == lost[:, 2]).all()
    assert 60 < lost[:, 0].sum() < 140
    assert abs(wire.counters()["b"]["lost"] - lost[:, 0].sum()) <= 1  # the first was not looked at
    wire.fault("b", loss_rate=0)
    wire.fault("b", 1, loss_rate=0.2)
    blocks = carry(wire, counting(500, 3)).reshape(500, BLOCK, 3)[1:]
    lost = (blocks == IDLE).all(axis=1).sum(axis=0)
    assert lost[0] == lost[2] == 0 and 60 < lost[1] < 140


def test_slips_repeat_and_drop_exactly():
    wire = Wire(1)
    wire.fault("b", delay_ms=10)
    last = carry(wire, counting(16))[-1, 0]
    wire.slip("b", 1)
    heard = carry(wire, counting(16))[:, 0]
    assert heard[0] == last and is_counting(heard)
    wire.slip("b", -5)
    heard = carry(wire, counting(16))[:, 0]
    # One octet repeated, five dropped: four ahead of the delay set.
    assert is_counting(heard) and heard[160] == 4
    assert wire.counters()["b"]["slips"] == 2


def test_a_repeat_in_the_stream():
    wire = Wire(1)
    last = carry(wire, counting(16))[-1, 0]
    wire.slip("b", 3)
    heard = carry(wire, counting(16))[:, 0]
    # The three octets before come again, and all else is three octets late.
    assert heard[0] == np.uint8(last - 2) and is_counting(heard)


def test_a_drop_without_delay_falls_back_in_step():
    wire = Wire(1)
    carry(wire, counting(16))
    wire.slip("b", -2)
    heard = carry(wire, counting(16))[:, 0]
    held = heard[BLOCK - 3 : BLOCK]
    assert (held == held[0]).all() and is_counting(heard[: BLOCK - 2])
    assert is_counting(heard[BLOCK:]) and heard[BLOCK] == 0


def test_alarm_is_all_ones_to_the_receiver_only():
    wire = Wire(2)
    wire.fault("b", alarm=True, noise_dbm0=-30, loss_rate=0.5)
    assert (carry(wire, counting(10, 2)) == 0xFF).all()
    assert (wire.a.read() == IDLE).all()
    wire.fault("b", 0, alarm=False)
    wire.fault("b", noise_dbm0=0, loss_rate=0)
    heard = carry(wire, counting(10, 2))
    assert is_counting(heard[BLOCK:, 0]) and (heard[:, 1] == 0xFF).all()


def test_hybrid_is_the_echo_of_what_the_receiving_end_sent():
    wire = Wire(1)
    response = np.zeros(300, np.float32)
    response[[0, 130, 299]] = 0.5, -0.25, 0.125
    wire.fault("b", hybrid=response)
    chance = np.random.default_rng(4)
    said = g711.alaw_encode(chance.normal(0, 4000, BLOCKS * BLOCK).round().astype(np.int16))
    heard = linear(carry(wire, silence(), said[:, None]))[:, 0]
    echo = np.convolve(linear(said), response)[: len(said) - BLOCK]
    error = heard[BLOCK:] - echo
    assert np.sqrt(np.mean(error**2)) < 0.04 * np.sqrt(np.mean(echo**2))  # A-law's own noise
    assert (wire.a.read()[0] == said[-BLOCK:]).all()  # what b sends is not changed by it


def test_hybrid_adds_to_what_the_far_end_says():
    wire = Wire(1)
    wire.fault("b", hybrid=[0.5])
    loud, soft = (np.full(1, value, np.int16) for value in (8000, 1000))
    there = np.repeat(g711.alaw_encode(soft), 800)[:, None]
    back = np.repeat(g711.alaw_encode(loud), 800)[:, None]
    heard = linear(carry(wire, there, back))[2 * BLOCK :]
    expected = linear(there)[0, 0] + 0.5 * linear(back)[0, 0]
    assert (abs(heard - expected) <= expected / 32).all()


def test_replaced_impulse_responses_are_let_go():
    wire = Wire(2)
    for number in range(50):
        wire.fault("b", hybrid=np.full(16, 1e-3 * number, np.float32))
        carry(wire, silence(2, 2))
    assert wire.holding <= 2
    wire.fault("b", hybrid=[])
    heard = carry(wire, counting(10, 2), silence(10, 2))
    assert is_counting(heard[BLOCK:, 0])


def test_clear_undoes_all():
    wire = Wire(2)
    wire.fault("b", delay_ms=30, gain_db=-3, noise_dbm0=-30, bit_error_rate=1e-3, loss_rate=0.3)
    wire.fault("b", 1, hybrid=[1.0], alarm=True, loss_rate=0.5)
    wire.slip("b", 7)
    wire.lose("b", 100)
    carry(wire, counting(5, 2))
    wire.clear()
    heard = carry(wire, counting(16, 2))
    assert is_counting(heard[BLOCK:, 0]) and is_counting(heard[BLOCK:, 1])
    assert heard[BLOCK, 0] == 0


def test_faults_of_one_channel_leave_the_others_bit_exact():
    wire = Wire(4)
    wire.fault("b", 2, gain_db=-3, noise_dbm0=-20, bit_error_rate=0.01, delay_ms=3)
    heard = carry(wire, counting(20, 4))
    for channel in (0, 1, 3):
        assert is_counting(heard[BLOCK:, channel])
    assert not is_counting(heard[BLOCK:, 2])


def test_faults_are_set_while_engines_run():
    pair = Pair(2)
    pair.near.play(0, COUNTING, loop=True)
    for round_ in range(30):
        pair.wire.fault("b", round_ % 2, gain_db=-(round_ % 4), delay_ms=round_ * 7 % 500)
        pair.wire.slip("b", round_ - 15)
        pair.run(3)
    assert pair.wire.counters()["b"]["slips"] == 30
    assert pair.wire.lost_octets("b") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"delay_ms": 501},
        {"delay_ms": -1},
        {"gain_db": 40},
        {"gain_db": float("nan")},
        {"noise_dbm0": 10},
        {"bit_error_rate": 2},
        {"loss_rate": -0.1},
        {"hybrid": np.zeros(2000)},
        {"hybrid": np.zeros((2, 2))},
        {"hybrid": [float("inf")]},
        {"channel": 4, "gain_db": 1},
        {"channel": -1, "gain_db": 1},
    ],
)
def test_a_fault_that_cannot_be_is_refused_whole(wrong):
    wire = Wire(4)
    with pytest.raises(ValueError):
        wire.fault("b", **{"alarm": True, **wrong})
    heard = carry(wire, counting(4, 4))
    assert is_counting(heard[BLOCK:, 0])


def test_wrong_directions_and_amounts_are_refused():
    wire = Wire(1)
    for wrong in (
        lambda: wire.fault("far", alarm=True),
        lambda: wire.slip("c", 1),
        lambda: wire.slip("b", 10_000),
        lambda: wire.lose("b", -1),
        lambda: wire.clear("x"),
        lambda: wire.carried_octets("x"),
    ):
        with pytest.raises(ValueError):
            wrong()


def test_orders_nobody_takes_do_not_pile_up():
    wire = Wire(1)
    with pytest.raises(RingFull):
        for _ in range(5000):
            wire.fault("b", alarm=True)
