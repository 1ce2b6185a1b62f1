"""Bridges: who hears whom, and which octets go through untouched."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext import g711
from tests.engine.rig import COUNTING, SILENCE, Lines, ticks


def linear(octets: np.ndarray) -> np.ndarray:
    return g711.alaw_decode(octets).astype(int)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_two_at_unity_pass_every_octet_untouched(law):
    lines = Lines(3, law)
    lines.engine.join(0, 1)
    lines.engine.join(2, 1)
    every = np.arange(240, dtype=np.uint8).reshape(3, 80)
    rest = np.arange(176, 256, dtype=np.uint8)
    blocks = [*every, rest]
    heard = lines.hear([{"c0": block, "c2": block[::-1]} for block in blocks])
    for block, back in zip(blocks, heard, strict=True):
        assert (back[2] == block).all()
        assert (back[0] == block[::-1]).all()
        assert (back[1] == SILENCE[law]).all()


def test_mu_laws_negative_zero_survives_only_the_copy():
    """0x7F decodes to zero and would come back as 0xFF."""
    block = np.full(80, 0x7F, np.uint8)
    for talk, expected in ((1.0, 0x7F), (0.999, 0xFF)):
        lines = Lines(2, "ulaw")
        lines.engine.join(0, 0, talk=talk)
        lines.engine.join(1, 0)
        assert (lines.hear([{"c0": block}])[0][1] == expected).all()


def test_what_sounds_toward_one_member_is_mixed_there_and_copied_elsewhere():
    lines = Lines(2, "ulaw")
    lines.engine.join(0, 0)
    lines.engine.join(1, 0)
    lines.engine.play(1, np.full(160, 1000, np.int16))
    block = np.full(80, 0x7F, np.uint8)
    heard = lines.hear([{"c0": block, "c1": block}] * 4)
    assert (heard[1][0] == 0x7F).all()  # nothing sounds toward 0
    tone = g711.ulaw_encode(np.full(1, 1000, np.int16))[0]
    assert (heard[0][1] == tone).all()  # the player's last block is heard to its end
    assert (heard[1][1] == 0x7F).all()  # and then octets are copied again


def test_three_hear_the_others_and_not_themselves():
    lines = Lines(4)
    for channel in range(3):
        lines.engine.join(channel, 3)
    levels = {"c0": 500, "c1": 2000, "c2": -9000, "c3": 7000}
    said = {name: g711.alaw_encode(np.full(80, value, np.int16)) for name, value in levels.items()}
    exact = {name: int(linear(octets)[0]) for name, octets in said.items()}
    heard = lines.hear([said])[0]
    for channel in range(3):
        total = sum(exact[f"c{other}"] for other in range(3) if other != channel)
        assert abs(linear(heard[channel])[0] - total) <= max(16, abs(total) // 32)
    assert (heard[3] == 0xD5).all()


def test_muted_deaf_and_scaled_members():
    lines = Lines(3)
    lines.engine.join(0, 0, talk=0.0)  # listens only
    lines.engine.join(1, 0, talk=0.5)
    lines.engine.join(2, 0, listen=0.0)
    say = g711.alaw_encode(np.full(80, 8000, np.int16))
    heard = lines.hear([{"c0": say, "c1": say, "c2": say}])[0]
    exact = int(linear(say)[0])
    assert abs(linear(heard[0])[0] - exact * 1.5) < 512
    assert abs(linear(heard[1])[0] - exact) < 260  # of 2 alone: 0 is muted
    assert (heard[2] == 0xD5).all()


def test_leaving_and_moving_make_and_end_pairs():
    lines = Lines(4, "ulaw")
    seven_f = np.full(80, 0x7F, np.uint8)
    for channel in (0, 1, 2):
        lines.engine.join(channel, 0)
    assert (lines.hear([{"c0": seven_f}])[0][1] == 0xFF).all()  # mixed
    lines.engine.leave(2)
    assert (lines.hear([{"c0": seven_f}])[0][1] == 0x7F).all()  # a pair now
    lines.engine.join(0, 3)  # moves: leaves 1 alone
    lines.engine.join(3, 3)
    heard = lines.hear([{"c0": seven_f}])[0]
    assert (heard[1] == 0xFF).all() and (heard[3] == 0x7F).all()
    lines.engine.join(0, 3, talk=0.5)  # the same bridge with another gain
    assert (lines.hear([{"c0": seven_f}])[0][3] == 0xFF).all()


def test_alone_in_a_bridge_is_silence():
    lines = Lines(1)
    lines.engine.join(0, 0)
    assert (lines.hear([{"c0": 0x12}])[0][0] == 0xD5).all()


def test_a_pair_hears_the_player_and_the_peer_together():
    lines = Lines(2)
    lines.engine.join(0, 0)
    lines.engine.join(1, 0)
    lines.engine.play(1, COUNTING[:1], loop=True)
    say = g711.alaw_encode(np.full(80, 1000, np.int16))
    heard = lines.hear([{"c0": say}])[0]
    total = int(linear(say)[0]) + int(COUNTING[0])
    assert abs(linear(heard[1])[0] - total) <= abs(total) // 32
    assert ticks(lines.engine) == []


def test_a_whisper_is_heard_by_one_and_ends_with_leaving():
    """0 and 1 talk, 2 monitors both and whispers to 1."""
    lines = Lines(4)
    for channel, talk in ((0, 1.0), (1, 1.0), (2, 0.0)):
        lines.engine.join(channel, 0, talk=talk)
    lines.engine.whisper(2, 1, gain=0.5)
    low, high = (g711.alaw_encode(np.full(80, value, np.int16)) for value in (1000, 8000))
    heard = lines.hear([{"c0": low, "c2": high}])[0]
    one, two = int(linear(low)[0]), int(linear(high)[0])
    assert abs(linear(heard[1])[0] - (one + two // 2)) <= 200
    assert abs(linear(heard[0])[0]) <= 16  # the caller does not hear it
    assert abs(linear(heard[2])[0] - one) <= 40
    lines.engine.leave(2)
    heard = lines.hear([{"c0": low, "c2": high}])[0]
    assert (heard[1] == low).all()  # a pair again, copied


def test_a_whisper_needs_no_bridge_and_moves():
    lines = Lines(3)
    lines.engine.whisper(0, 1)
    say = g711.alaw_encode(np.full(80, 4000, np.int16))
    heard = lines.hear([{"c0": say}])[0]
    assert (heard[1] == say).all() and (heard[2] == 0xD5).all()
    lines.engine.whisper(0, 2)
    heard = lines.hear([{"c0": say}])[0]
    assert (heard[2] == say).all() and abs(linear(heard[1])[0]) <= 16
    lines.engine.whisper(0, None)
    assert (lines.hear([{"c0": say}])[0] == 0xD5).all()


def test_only_the_loudest_of_a_bridge_are_heard():
    lines = Lines(4)
    for channel in range(4):
        lines.engine.join(channel, 0)
    lines.engine.loudest(0, 1)
    loud, soft = (g711.alaw_encode(np.full(80, value, np.int16)) for value in (8000, 500))
    said = {"c0": loud, "c1": soft, "c2": soft}
    heard = lines.hear([said] * 30)[-1]
    assert abs(linear(heard[3])[-1] - int(linear(loud)[0])) <= 260
    lines.engine.loudest(0, 0)
    heard = lines.hear([said] * 30)[-1]
    assert linear(heard[3])[-1] > int(linear(loud)[0]) + 500


def test_whispers_and_the_loudest_that_cannot_be_are_refused():
    engine = Lines(2).engine
    for wrong in (
        lambda: engine.whisper(0, 0),
        lambda: engine.whisper(0, 2),
        lambda: engine.whisper(0, -1),
        lambda: engine.whisper(0, 1, gain=33),
        lambda: engine.whisper(0, 1, gain=float("nan")),
        lambda: engine.loudest(2, 1),
        lambda: engine.loudest(0, 17),
        lambda: engine.loudest(0, -1),
        lambda: engine.join(0, 0, talk=-1.0),
    ):
        with pytest.raises(ValueError):
            wrong()
