"""Every code and every sample against G.711's own definition, and against a stranger."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from dsp_ext import g711
from dsp_ext.units import LANES, padded

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import audioop

LAWS = ("alaw", "ulaw")
ENCODE = {"alaw": g711.alaw_encode, "ulaw": g711.ulaw_encode}
DECODE = {"alaw": g711.alaw_decode, "ulaw": g711.ulaw_decode}
ALL_OCTETS = np.arange(256).astype(np.uint8)
ALL_SAMPLES = np.arange(-32768, 32768).astype(np.int16)


def _chords(law: str) -> tuple[list[int], list[int]]:
    """Decision values and outputs of the positive half, from tables 1a and 2a: segments of 16 equal
    steps, each segment's steps twice as wide as the one's before, scaled to 16 bits.
    """
    decisions, outputs = [0], []
    if law == "alaw":
        steps = [2] * 32 + [2 << s for s in range(1, 7) for _ in range(16)]
        scale = 8  # table 1a counts to 4096
    else:
        steps = [1] + [2] * 15 + [4 << s for s in range(7) for _ in range(16)]
        scale = 4  # table 2a counts to 8159
    for step in steps:
        below = decisions[-1]
        decisions.append(below + step)
        outputs.append(below + step / 2)
    if law == "ulaw":
        outputs[0] = 0.0  # the first step of µ-law is half a step around zero
    return [d * scale for d in decisions], [int(o * scale) for o in outputs]


def _octet(law: str, index: int, negative: bool) -> int:
    """Character signal of a positive or negative step, as the tables' columns 6 and 8 have it."""
    if law == "alaw":
        return (index | (0 if negative else 0x80)) ^ 0x55
    return (index ^ 0x7F) | (0 if negative else 0x80)


def test_the_reference_reaches_the_tables_ends() -> None:
    assert _chords("alaw")[0][-1] == 32768
    assert _chords("ulaw")[0][-1] == 8159 * 4
    assert len(_chords("alaw")[1]) == len(_chords("ulaw")[1]) == 128


@pytest.mark.parametrize("law", LAWS)
def test_all_codes_decode_as_the_tables_say(law: str) -> None:
    outputs = _chords(law)[1]
    for index, value in enumerate(outputs):
        for negative in (False, True):
            octet = np.array([_octet(law, index, negative)], dtype=np.uint8)
            assert DECODE[law](octet)[0] == (-value if negative else value)


@pytest.mark.parametrize("law", LAWS)
def test_all_samples_encode_into_the_step_they_lie_in(law: str) -> None:
    decisions = np.array(_chords(law)[0])
    decisions[-1] = 1 << 20  # what is beyond is clipped into the last step
    for sample, octet in zip(ALL_SAMPLES.tolist(), ENCODE[law](ALL_SAMPLES).tolist(), strict=True):
        negative = sample < 0
        # On a border either neighbour is right; zero and A-law's -8 … 0 lie in the first step.
        index = int(np.searchsorted(decisions, abs(sample), side="right")) - 1
        allowed = {_octet(law, index, negative)}
        if abs(sample) == decisions[index] and index:
            allowed.add(_octet(law, index - 1, negative))
        assert octet in allowed, sample


@pytest.mark.parametrize("law", LAWS)
def test_a_stranger_decodes_alike(law: str) -> None:
    theirs = getattr(audioop, f"{law}2lin")(ALL_OCTETS.tobytes(), 2)
    assert DECODE[law](ALL_OCTETS).tobytes() == theirs


def test_a_stranger_encodes_alaw_alike() -> None:
    assert g711.alaw_encode(ALL_SAMPLES).tobytes() == audioop.lin2alaw(ALL_SAMPLES.tobytes(), 2)


def test_a_stranger_encodes_ulaw_alike_where_the_cut_to_14_bits_does_not_matter() -> None:
    whole = ALL_SAMPLES[ALL_SAMPLES % 4 == 0]
    assert g711.ulaw_encode(whole).tobytes() == audioop.lin2ulaw(whole.tobytes(), 2)


def test_alaw_octets_survive() -> None:
    assert (g711.alaw_encode(g711.alaw_decode(ALL_OCTETS)) == ALL_OCTETS).all()


def test_ulaw_octets_survive_but_for_minus_zero() -> None:
    back = g711.ulaw_encode(g711.ulaw_decode(ALL_OCTETS))
    changed = ALL_OCTETS[back != ALL_OCTETS]
    assert changed.tolist() == [0x7F] and back[0x7F] == 0xFF


@pytest.mark.parametrize("law", LAWS)
def test_the_bank_encodes_every_sample_as_one_by_one(law: str) -> None:
    pcm = ALL_SAMPLES.astype(np.float32).reshape(-1, 64)
    octets = g711.encode(np.ascontiguousarray(pcm), law)
    assert (octets == ENCODE[law](ALL_SAMPLES).reshape(-1, 64).T).all()


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("channels", [1, 15, 16, 17, 31, 480, 513])
@pytest.mark.parametrize("block", [1, 15, 80, 160])
def test_banks_of_any_size(law: str, channels: int, block: int) -> None:
    rng = np.random.default_rng(channels * block)
    octets = rng.integers(0, 256, (channels, block)).astype(np.uint8)
    pcm = g711.decode(octets, law)
    assert pcm.shape == (block, channels)
    assert (pcm == DECODE[law](octets).T).all()
    assert (g711.encode(pcm, law) == ENCODE[law](DECODE[law](octets))).all()


@pytest.mark.parametrize("law", LAWS)
def test_rounds_to_nearest_and_clips(law: str) -> None:
    given = np.array([[1e9, -1e9, 40000, -40000, 15.5, 16.49, -0.4, 32767.7]], dtype=np.float32)
    as_int = np.array([32767, -32768, 32767, -32768, 16, 16, 0, 32767], dtype=np.int16)
    assert (g711.encode(given, law)[:, 0] == ENCODE[law](as_int)).all()


def test_idle_octets() -> None:
    quiet = np.zeros(1, dtype=np.int16)
    assert g711.alaw_encode(quiet)[0] == 0xD5
    assert g711.ulaw_encode(quiet)[0] == 0xFF


def test_no_octets_and_no_samples() -> None:
    assert g711.decode(np.empty((3, 0), dtype=np.uint8)).shape == (0, 3)
    assert g711.encode(np.empty((0, 3), dtype=np.float32)).shape == (3, 0)
    assert g711.alaw_encode(np.empty(0, dtype=np.int16)).shape == (0,)


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="int16"):
        g711.alaw_encode(np.zeros(3))
    with pytest.raises(TypeError, match="NumPy"):
        g711.ulaw_decode(b"abc")
    with pytest.raises(TypeError, match="float32"):
        g711.encode(np.zeros((1, 1)))
    with pytest.raises(ValueError, match="law"):
        g711.decode(np.zeros((1, 1), dtype=np.uint8), "blaw")
    with pytest.raises(ValueError, match="shape"):
        g711.decode(np.zeros(3, dtype=np.uint8))
    with pytest.raises(ValueError, match="NaN"):
        g711.encode(np.array([[np.nan]], dtype=np.float32))


def test_rows_are_padded_to_whole_lanes() -> None:
    assert [padded(n) for n in (1, LANES, LANES + 1)] == [LANES, LANES, 2 * LANES]
