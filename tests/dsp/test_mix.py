"""The mixer, bit by bit against an oracle in NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp_ext import mix
from dsp_ext.units import LARGEST

F32 = npt.NDArray[np.float32]


def _oracle(
    pcm: F32,
    bridge_of: list[int],
    talk: list[float],
    listen: list[float],
    whispers: tuple[tuple[int, int, float], ...] = (),  # from, to, gain
) -> F32:
    """What each hears: the plain sum over the others, pair by pair, and whispers."""
    said = np.rint(pcm * np.array(talk, dtype=np.float32)).astype(np.int64)
    out = np.zeros_like(pcm)
    for me, bridge in enumerate(bridge_of):
        others = [c for c, b in enumerate(bridge_of) if b == bridge >= 0 and c != me]
        total = said[:, others].sum(axis=1)
        for source, to, gain in whispers:
            if to == me:
                total += np.rint(pcm[:, source] * np.float32(gain)).astype(np.int64)
        heard = total.astype(np.int32).astype(np.float32)
        heard *= np.float32(listen[me] if bridge >= 0 else 1)
        out[:, me] = np.clip(heard, np.float32(-32767), np.float32(32767))
    return out


def _mixer(bridge_of: list[int], talk: list[float], listen: list[float]) -> mix.Mixer:
    mixer = mix.Mixer(len(bridge_of))
    for channel, bridge in enumerate(bridge_of):
        if bridge >= 0:
            mixer.join(channel, bridge, talk=talk[channel], listen=listen[channel])
    return mixer


GAINS = st.sampled_from([0.0, 1.0, 1.0, 0.5, 0.25, 2.0, 0.7071])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_bit_exact(data: st.DataObject) -> None:
    channels = data.draw(st.integers(1, 40))
    places = st.lists(st.integers(-1, channels - 1), min_size=channels, max_size=channels)
    bridge_of = data.draw(places)
    gains = st.lists(GAINS, min_size=channels, max_size=channels)
    talk, listen = data.draw(gains), data.draw(gains)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    scale = data.draw(st.sampled_from([10, 3000, 32768]))
    pcm = rng.uniform(-scale, scale, (data.draw(st.integers(1, 90)), channels)).astype(np.float32)
    heard = _mixer(bridge_of, talk, listen).process(pcm)
    assert np.array_equal(heard, _oracle(pcm, bridge_of, talk, listen))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bridges_of_whole_tiles_are_as_exact(data: st.DataObject) -> None:
    """Each tile of sixteen mostly one bridge's, so that bridges of runs, and others, come about."""
    tiles = data.draw(st.lists(st.integers(-1, 3), min_size=1, max_size=6))
    bridge_of = list(np.repeat(tiles, 16))
    for at in data.draw(st.lists(st.integers(0, len(bridge_of) - 1), max_size=2)):
        bridge_of[at] = data.draw(st.integers(-1, 3))
    channels = len(bridge_of) - data.draw(st.sampled_from([0, 0, 1, 9]))
    bridge_of = [int(bridge) for bridge in bridge_of[:channels]]
    gains = st.lists(GAINS, min_size=channels, max_size=channels)
    talk, listen = data.draw(gains), data.draw(gains)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    scale = data.draw(st.sampled_from([10, 3000, 32768]))
    rows = data.draw(st.sampled_from([1, 3, 15, 16, 17, 80]))
    pcm = rng.uniform(-scale, scale, (rows, channels)).astype(np.float32)
    heard = _mixer(bridge_of, talk, listen).process(pcm)
    assert np.array_equal(heard, _oracle(pcm, bridge_of, talk, listen))


@pytest.mark.parametrize("strewn", [False, True])
def test_the_largest_sums_that_are_allowed_are_as_exact(strewn: bool) -> None:
    """All channels there may be, at the largest gain and full scale, and what is next to that."""
    channels = mix.MOST_CHANNELS
    pcm = np.full((19, channels), 32768, dtype=np.float32)
    pcm[1::3] = -32768
    pcm[2::3, ::2] = -32767.3
    bridge_of = [0] * channels
    if strewn:
        bridge_of[5] = bridge_of[1999] = 1
    said: npt.NDArray[np.int64] = np.rint(pcm * np.float32(32)).astype(np.int64)
    member = np.array(bridge_of) == 0
    total = said[:, member].sum(axis=1, keepdims=True)
    wanted = ((total - said).astype(np.int32).astype(np.float32) * np.float32(2**-17))[:, member]
    heard = _mixer(bridge_of, [32.0] * channels, [2.0**-17] * channels).process(pcm)
    assert np.abs(wanted).max() > 16000
    assert np.array_equal(heard[:, member], wanted)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whispers_and_choices_change_no_other_bridge(data: st.DataObject) -> None:
    """Bridges of whole tiles, with gaps, some shared; some hear whispers, one its loudest."""
    tiles = data.draw(st.lists(st.integers(-1, 4), min_size=2, max_size=8))
    bridge_of = [int(bridge) for bridge in np.repeat(tiles, 16)]
    at = st.integers(0, len(bridge_of) - 1)
    for shared in data.draw(st.lists(at, max_size=3)):
        bridge_of[shared] = data.draw(st.integers(-1, 4))
    channels = len(bridge_of)
    ones = [1.0] * channels
    mixer = _mixer(bridge_of, ones, ones)
    pairs = st.tuples(at, at, st.sampled_from([0.5, 1.0])).filter(lambda pair: pair[0] != pair[1])
    drawn = data.draw(st.lists(pairs, max_size=3, unique_by=lambda pair: pair[0]))
    for source, to, gain in drawn:
        mixer.whisper(source, to, gain)
    mixer.loudest(4, 3)
    rows = data.draw(st.sampled_from([1, 15, 16, 80, 90]))
    pcm = np.random.default_rng(rows).uniform(-9000, 9000, (rows, channels)).astype(np.float32)
    wanted = _oracle(pcm, bridge_of, ones, ones, tuple(drawn))
    others = np.array(bridge_of) != 4
    assert np.array_equal(mixer.process(pcm)[:, others], wanted[:, others])


def test_two_parties_hear_each_other_untouched() -> None:
    mixer = _mixer([0, 0, -1], [1] * 3, [1] * 3)
    pcm = np.array([[100, -32768, 7], [32767, 5, 9]], dtype=np.float32)
    assert mixer.process(pcm).tolist() == [[-32767, 100, 0], [5, 32767, 0]]


def test_self_cancels_exactly_even_when_the_sum_clips() -> None:
    channels = 480
    mixer = _mixer([3] * channels, [1.0] * channels, [1.0] * channels)
    pcm = np.full((2, channels), 32767, dtype=np.float32)
    pcm[0, 1:] = 0
    heard = mixer.process(pcm)
    assert heard[0, 0] == 0 and (heard[0, 1:] == 32767).all()
    assert (heard[1] == 32767).all()


def test_a_listener_hears_all_and_is_heard_by_none() -> None:
    mixer = _mixer([0, 0, 0], [1, 1, 0], [1, 1, 1])
    pcm = np.array([[10, 20, 30000]], dtype=np.float32)
    assert mixer.process(pcm).tolist() == [[20, 10, 30]]


def test_the_deaf_and_those_who_left_hear_nothing() -> None:
    mixer = _mixer([0, 0, 0], [1, 1, 1], [1, 0, 1])
    pcm = np.array([[1, 2, 4]], dtype=np.float32)
    assert mixer.process(pcm).tolist() == [[6, 0, 3]]
    mixer.leave(2)
    assert mixer.process(pcm).tolist() == [[2, 0, 0]]
    mixer.leave(0)
    mixer.leave(1)
    assert mixer.process(pcm).tolist() == [[0, 0, 0]]


def test_joining_again_moves_and_changes_gains() -> None:
    mixer = _mixer([0, 0, 2], [1] * 3, [1] * 3)
    mixer.join(1, 2, talk=0.5)
    assert mixer.process(np.array([[8, 6, 4]], dtype=np.float32)).tolist() == [[0, 4, 3]]


def test_loud_gains_neither_wrap_nor_overflow() -> None:
    channels = mix.MOST_CHANNELS
    mixer = _mixer([0] * channels, [32.0] * channels, [32.0] * channels)
    loud = np.full((1, channels), LARGEST, dtype=np.float32)
    assert (mixer.process(loud) == 32767).all()
    assert (mixer.process(-loud) == -32767).all()


def test_a_whisper_is_heard_by_one_alone() -> None:
    mixer = _mixer([0, 0, 0], [1, 1, 0], [1, 1, 1])  # caller, agent, supervisor
    mixer.whisper(2, 1, 0.5)
    pcm = np.array([[10, 20, 400]], dtype=np.float32)
    assert mixer.process(pcm).tolist() == [[20, 210, 30]]
    mixer.whisper(2, 0)
    assert mixer.process(pcm).tolist() == [[420, 10, 30]]
    mixer.whisper(2, 0, 0)
    assert mixer.process(pcm).tolist() == [[20, 10, 30]]


def test_a_whisper_needs_no_bridge_and_ends_with_either_party() -> None:
    mixer = mix.Mixer(40)
    mixer.whisper(3, 20)
    mixer.whisper(4, 20)
    pcm = np.zeros((1, 40), dtype=np.float32)
    pcm[0, 3:5] = 32000, 500
    wanted = np.zeros((1, 40), dtype=np.float32)
    wanted[0, 20] = 32500
    assert np.array_equal(mixer.process(pcm), wanted)
    pcm[0, 4] = 32000
    assert mixer.process(pcm)[0, 20] == 32767
    mixer.leave(4)
    assert mixer.process(pcm)[0, 20] == 32000
    mixer.leave(20)
    assert not mixer.process(pcm).any()


def _voices(levels: list[float], n: int, seed: int = 5) -> F32:
    rng = np.random.default_rng(seed)
    return np.rint(rng.standard_normal((n, len(levels))) * levels).astype(np.float32)


def test_only_the_loudest_are_heard_and_each_without_itself() -> None:
    levels = [500.0, 3000, 200, 2500, 100, 50]
    mixer = _mixer([1] * 6, [1.0] * 6, [1.0] * 6)
    mixer.loudest(1, 2)
    pcm = _voices(levels, 4000)
    for at in range(0, 4000, 80):
        heard = mixer.process(pcm[at : at + 80])
    said = pcm[at : at + 80].copy()
    said[:, [0, 2, 4, 5]] = 0
    assert np.array_equal(heard, said.sum(axis=1, keepdims=True) - said)
    mixer.loudest(1, 0)
    heard = mixer.process(pcm[at : at + 80])
    assert np.array_equal(heard, _oracle(pcm[at : at + 80], [1] * 6, [1.0] * 6, [1.0] * 6))


def _heard_of(mixer: mix.Mixer, pcm: F32) -> list[int]:
    """Who of the others channel 0 hears most, block by block."""
    voices = pcm[:, 1:]
    found = []
    for at in range(0, len(pcm), 80):
        heard = mixer.process(pcm[at : at + 80])[:, 0]
        found.append(1 + int(np.argmax(heard @ voices[at : at + 80])))
    return found


def test_the_choice_follows_the_speaker_and_does_not_chatter() -> None:
    mixer = _mixer([0, 0, 0], [0.0, 1, 1], [1.0, 1, 1])
    mixer.loudest(0, 1)
    # two voices alike, each stronger by turns of 100 ms, by 2 dB: whoever came first is kept
    swing = 10 ** (np.sign(np.sin(np.arange(16000) * np.pi / 800)) / 20)
    alike = _voices([0, 1000, 1000], 16000) * np.stack([swing, swing, 1 / swing], axis=1)
    found = _heard_of(mixer, np.rint(alike).astype(np.float32))[5:]
    assert len(set(found)) == 1
    # the other one alone: it is heard at once, and the first is not heard any more
    other = 3 - found[-1]
    loud = [0.0, 20, 20]
    loud[other] = 4000
    assert _heard_of(mixer, _voices(loud, 1600))[3:] == [other] * 17


def test_a_change_of_speaker_is_a_ramp_not_a_click() -> None:
    mixer = _mixer([0, 0, 0], [0.0, 1, 1], [1.0, 1, 1])
    mixer.loudest(0, 1)
    pcm = np.full((4000, 3), 1000, dtype=np.float32)
    pcm[:, 2] = 10
    pcm[2000:, 2] = 4000
    heard = np.concatenate([mixer.process(pcm[i : i + 80])[:, 0] for i in range(0, 4000, 80)])
    assert heard[1900] == 1000 and heard[3900] == 4000
    assert np.abs(np.diff(heard)).max() <= 4000 / 80 + 1000 / 80 + 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_choice_of_as_many_as_talk_changes_nothing(data: st.DataObject) -> None:
    channels = data.draw(st.integers(1, 40))
    bridge_of = data.draw(st.lists(st.integers(-1, 3), min_size=channels, max_size=channels))
    bridge_of = [min(b, channels - 1) for b in bridge_of]
    mixer = _mixer(bridge_of, [1.0] * channels, [1.0] * channels)
    for bridge in range(min(4, channels)):
        mixer.loudest(bridge, min(16, max(1, bridge_of.count(bridge))))
    pcm = _voices([1000.0] * channels, 240)
    mixer.process(pcm)
    heard = mixer.process(pcm)
    for bridge in set(bridge_of) - {-1}:
        if bridge_of.count(bridge) <= 16:
            who = [c for c, b in enumerate(bridge_of) if b == bridge]
            wanted = _oracle(pcm, bridge_of, [1.0] * channels, [1.0] * channels)
            assert np.array_equal(heard[:, who], wanted[:, who])


def test_who_may_be_copied() -> None:
    mixer = _mixer([0, 0, -1, -1], [1] * 4, [1] * 4)
    assert [mixer.peer(c) for c in range(4)] == [1, 0, None, None]
    mixer.join(2, 0, talk=0)  # a monitor changes nothing between the two, and hears a sum
    assert [mixer.peer(c) for c in range(3)] == [1, 0, None]
    mixer.whisper(2, 1)
    assert [mixer.peer(c) for c in range(3)] == [None if c else 1 for c in range(3)]
    mixer.leave(2)
    assert [mixer.peer(c) for c in range(3)] == [1, 0, None]
    mixer.join(1, 0, talk=0.5)
    assert [mixer.peer(c) for c in range(3)] == [None, 0, None]
    mixer.join(1, 0, listen=0.5)
    assert [mixer.peer(c) for c in range(3)] == [1, None, None]
    mixer.join(1, 0)
    mixer.loudest(0, 1)
    assert mixer.peer(0) is None and mixer.peer(1) is None


def test_long_blocks_and_short_ones_give_the_same() -> None:
    bridge_of = [0, 1, 0, 1, 0, -1, 2] * 70
    mixer = _mixer(bridge_of, [1.0] * 490, [0.5] * 490)
    pcm = _voices([3000.0] * 490, 333)
    whole = mixer.process(pcm)
    parts = [mixer.process(pcm[i : i + 10]) for i in range(0, 333, 10)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_the_loudest_are_chosen_as_often_in_long_blocks() -> None:
    swell = np.sin(np.arange(2000)[:, None] / 200 + np.arange(40)[None, :]) ** 2
    pcm = _voices([3000.0] * 40, 2000) * swell.astype(np.float32)
    mixers = [_mixer([c % 3 for c in range(40)], [1.0] * 40, [1.0] * 40) for _ in range(2)]
    for mixer in mixers:
        mixer.loudest(1, 2)
    parts = [mixers[0].process(pcm[at : at + 80]) for at in range(0, 2000, 80)]
    assert np.array_equal(mixers[1].process(pcm), np.concatenate(parts))


def test_wrong_input_is_refused() -> None:
    mixer = mix.Mixer(4)
    for call in (lambda: mixer.whisper(4, 0), lambda: mixer.loudest(4, 1), lambda: mixer.peer(-1)):
        with pytest.raises(IndexError):
            call()
    with pytest.raises(ValueError, match="itself"):
        mixer.whisper(1, 1)
    with pytest.raises(ValueError, match="gain"):
        mixer.whisper(1, 2, float("nan"))
    for count in (-1, 17):
        with pytest.raises(ValueError, match="count"):
            mixer.loudest(0, count)
    with pytest.raises(TypeError, match="count"):
        mixer.loudest(0, 1.0)
    with pytest.raises(IndexError, match="channel 4"):
        mixer.join(4, 0)
    with pytest.raises(IndexError):
        mixer.join(0, -1)
    for gain in (-0.1, 33, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="talk"):
            mixer.join(0, 0, talk=gain)
        with pytest.raises(ValueError, match="listen"):
            mixer.join(0, 0, listen=gain)
    with pytest.raises(TypeError):
        mixer.process(np.zeros((80, 4)))
    with pytest.raises(ValueError, match="shape"):
        mixer.process(np.zeros((80, 5), dtype=np.float32))
    with pytest.raises(ValueError, match="NaN"):
        mixer.process(np.full((1, 4), np.nan, dtype=np.float32))
    with pytest.raises(ValueError, match="2047"):
        mix.Mixer(2048)
    assert mixer.process(np.zeros((0, 4), dtype=np.float32)).shape == (0, 4)
