"""The DTMF detector against the limits of Q.24, and wrong input."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from dsp_ext import dtmf, tone, units
from tests.dsp.signals import Samples, noise, over_the_line, silence, sine

KEYS = "1234567890*#ABCD"


def _pair(key: str) -> tuple[int, int]:
    place = tone.DTMF_KEYS.index(key)
    return tone.DTMF_LOW_HZ[place // 4], tone.DTMF_HIGH_HZ[place % 4]


def _key(
    key: str,
    ms: float,
    *,
    low_dbm0: float = -10,
    twist_db: float = 0,
    low_off: float = 0,
    high_off: float = 0,
) -> Samples:
    """One key; low_off, high_off: relative errors of the frequencies."""
    low, high = _pair(key)
    return sine(low * (1 + low_off), low_dbm0, ms) + sine(
        high * (1 + high_off), low_dbm0 + twist_db, ms
    )


def _keys(on_ms: float = 50, off_ms: float = 50, **how: float) -> Samples:
    """Every key, each at another place in the detector's own frames."""
    parts = [silence(10)]
    for index, key in enumerate(KEYS):
        parts += [_key(key, on_ms, **how), silence(off_ms + index * 7 / 8)]
    return np.concatenate(parts)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
@pytest.mark.parametrize("level", [-25, -20, -10, -5, 0])
@pytest.mark.parametrize("twist", [-8, -4, 0, 4])
def test_every_key_over_the_line(law: str, level: float, twist: float) -> None:
    low = level - max(twist, 0)  # the louder tone has the level
    keys = over_the_line(_keys(low_dbm0=low, twist_db=twist), law)
    assert dtmf.decode(keys) == KEYS


@pytest.mark.parametrize(("low", "high"), [*itertools.product((-0.015, 0, 0.015), repeat=2)])
@pytest.mark.parametrize("twist", [-8, 0, 4])
def test_frequencies_within_one_and_a_half_percent(low: float, high: float, twist: float) -> None:
    keys = _keys(low_dbm0=-15, twist_db=twist, low_off=low, high_off=high)
    assert dtmf.decode(over_the_line(keys)) == KEYS


@pytest.mark.parametrize("off", [-0.035, 0.035])
@pytest.mark.parametrize("which", ["low_off", "high_off"])
def test_a_frequency_off_by_three_and_a_half_percent_is_refused(off: float, which: str) -> None:
    keys = _keys(on_ms=100, low_dbm0=-15, **{which: off})
    assert dtmf.decode(over_the_line(keys)) == ""


@pytest.mark.parametrize("twist", [-13, 9])
def test_too_much_twist_is_refused(twist: float) -> None:
    assert dtmf.decode(_keys(low_dbm0=-12, twist_db=twist)) == ""


def test_too_quiet_is_refused() -> None:
    assert dtmf.decode(over_the_line(_keys(low_dbm0=-44))) == ""


@pytest.mark.parametrize("offset", range(0, 34, 3))
def test_forty_ms_are_accepted_and_twenty_three_refused_wherever_they_lie(offset: int) -> None:
    before = np.zeros(offset, dtype=np.float32)
    for key in KEYS:
        assert dtmf.decode(np.concatenate([before, _key(key, 40)])) == key
        assert dtmf.decode(np.concatenate([before, _key(key, 22.9)])) == ""


@pytest.mark.parametrize("offset", range(0, 34, 3))
def test_short_gaps_are_bridged_and_pauses_are_not(offset: int) -> None:
    before = np.zeros(offset, dtype=np.float32)
    for gap_ms, expected in ((10, "5"), (20, "5"), (30, "55"), (40, "55")):
        parts = [before, _key("5", 60), silence(gap_ms), _key("5", 60)]
        assert dtmf.decode(over_the_line(np.concatenate(parts))) == expected, gap_ms


def test_keys_without_a_pause_between_them() -> None:
    assert dtmf.decode(np.concatenate([_key(k, 60) for k in KEYS])) == KEYS


@pytest.mark.parametrize("snr_db", [15, 12])
def test_in_noise(snr_db: float) -> None:
    rng = random.Random(snr_db)
    digits = "".join(rng.choice(KEYS) for _ in range(250))
    parts = [silence(20)]
    for digit in digits:
        parts += [_key(digit, 50, low_dbm0=-15), silence(50)]
    keys = np.concatenate(parts)
    keys = keys + noise(-12 - snr_db, len(keys), seed=7)  # -12 dBm0: both tones together
    assert dtmf.decode(over_the_line(keys)) == digits


def test_start_comes_as_soon_as_sure_and_the_end_tells_the_length() -> None:
    detector = dtmf.DtmfDetector(2)
    samples = np.concatenate([silence(100), _key("7", 200, twist_db=-3), silence(100)])
    edges = []
    for start in range(0, len(samples), 80):
        pcm = np.zeros((80, 2), dtype=np.float32)
        pcm[:, 1] = samples[start : start + 80]
        edges += [(start // 8, event) for event in detector.edges(pcm)]
    (begun_ms, begin), (ended_ms, end) = edges
    assert begin.duration_ms == 0 and (begin.channel, begin.digit) == (1, "7")
    assert begun_ms <= 100 + 40
    assert ended_ms <= 300 + 50
    assert end.digit == "7"
    assert end.start_ms == pytest.approx(100, abs=4)
    assert end.duration_ms == pytest.approx(200, abs=6)
    assert end.twist_db == pytest.approx(-3, abs=0.3)
    assert end.level_dbm0 == pytest.approx(-10 + 10 * np.log10(1 + 10**-0.3), abs=0.3)


@pytest.mark.parametrize("block", [1, 33, 34, 80, 102, 160, 1000])
def test_blocks_of_any_length_give_the_same(block: int) -> None:
    samples = np.concatenate([_keys(), silence(block / 8 + 60)])
    whole = dtmf.DtmfDetector(1).process(samples[:, None].copy())
    detector, found = dtmf.DtmfDetector(1), []
    for start in range(0, len(samples), block):
        found += detector.process(np.ascontiguousarray(samples[start : start + block, None]))
    assert [event[:4] for event in found] == [event[:4] for event in whole]
    for ours, theirs in zip(found, whole, strict=True):
        assert ours[4:] == pytest.approx(theirs[4:], abs=0.001)
    assert "".join(event.digit for event in found) == KEYS


def test_channels_do_not_disturb_each_other() -> None:
    pcm = np.zeros((8000, 35), dtype=np.float32)
    for channel in range(0, 35, 2):
        key = _key(KEYS[channel % 16], 60)
        pcm[channel * 160 : channel * 160 + len(key), channel] = key
    found = dtmf.DtmfDetector(35).process(pcm)
    assert [(e.channel, e.digit) for e in found] == [(c, KEYS[c % 16]) for c in range(0, 35, 2)]


def test_disabled_and_reset_channels_say_nothing() -> None:
    pcm = np.repeat(_key("3", 100)[:, None], 3, axis=1)
    quiet = np.zeros((800, 3), dtype=np.float32)
    detector = dtmf.DtmfDetector(3)
    detector.enable(0, False)
    assert [event.channel for event in detector.edges(pcm)] == [1, 2]
    detector.reset(1)
    assert [event.channel for event in detector.edges(quiet)] == [2]
    detector.enable(0)
    assert [event.channel for event in detector.process(np.concatenate([pcm, quiet]))] == [0, 1, 2]


def test_single_tones_and_noise_are_no_keys() -> None:
    for hz in (*tone.DTMF_LOW_HZ, *tone.DTMF_HIGH_HZ, 350, 440, 450, 950, 1100, 2100):
        assert dtmf.decode(over_the_line(sine(hz, -10, 500))) == ""
    for pair in itertools.combinations(tone.DTMF_LOW_HZ, 2):
        assert dtmf.decode(sine(pair[0], -10, 500) + sine(pair[1], -10, 500)) == ""
    assert dtmf.decode(over_the_line(noise(-15, 160_000, seed=3))) == ""


def test_a_key_with_a_strong_third_tone_is_speech() -> None:
    for third in (450, 1050, 1900, 2600):
        assert dtmf.decode(_key("5", 200) + sine(third, -10, 200)) == ""


def test_decode_takes_int16_and_other_rates() -> None:
    keys = _keys()
    assert dtmf.decode(keys.astype(np.int16)) == KEYS
    at_48k = np.interp(np.arange(len(keys) * 6) / 6, np.arange(len(keys)), keys)
    assert dtmf.decode(at_48k, rate=48000) == KEYS
    assert dtmf.decode(np.empty(0, dtype=np.int16)) == ""


def test_loud_nonsense_does_no_lasting_harm() -> None:
    burst = np.full(800, units.LARGEST, dtype=np.float32)
    assert dtmf.decode(np.concatenate([burst, silence(50), _key("8", 60)])) == "8"


def test_wrong_input_is_refused() -> None:
    detector = dtmf.DtmfDetector(2)
    with pytest.raises(TypeError, match="float32"):
        detector.process(np.zeros((80, 2)))
    with pytest.raises(ValueError, match="shape"):
        detector.process(np.zeros((80, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="NaN"):
        detector.process(np.full((80, 2), np.inf, dtype=np.float32))
    with pytest.raises(IndexError):
        detector.enable(2)
    with pytest.raises(TypeError, match="int16"):
        dtmf.decode(np.zeros(8, dtype=np.int64))
    with pytest.raises(ValueError, match="dimension"):
        dtmf.decode(np.zeros((8, 2)))
    with pytest.raises(ValueError, match="rate"):
        dtmf.decode(np.zeros(8), rate=0)
    with pytest.raises(ValueError, match="NaN"):
        dtmf.decode(np.array([0.0, np.nan]))
