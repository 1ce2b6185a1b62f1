"""The mixer, bit by bit against an oracle in NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp_ext import mix

F32 = npt.NDArray[np.float32]


def _oracle(pcm: F32, bridge_of: list[int], talk: list[float], listen: list[float]) -> F32:
    """What each hears: the plain sum over the others, pair by pair."""
    said = np.rint(pcm * np.array(talk, dtype=np.float32)).astype(np.int64)
    out = np.zeros_like(pcm)
    for me, bridge in enumerate(bridge_of):
        if bridge < 0:
            continue
        others = [c for c, b in enumerate(bridge_of) if b == bridge and c != me]
        total = said[:, others].sum(axis=1).astype(np.int32)
        heard = total.astype(np.float32) * np.float32(listen[me])
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
    loud = np.full((1, channels), 3e38, dtype=np.float32)
    assert (mixer.process(loud) == 32767).all()
    assert (mixer.process(-loud) == -32767).all()


def test_wrong_input_is_refused() -> None:
    mixer = mix.Mixer(4)
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
