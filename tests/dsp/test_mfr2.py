"""The MF-R2 detector against the limits of Q.455, measured over both laws, and wrong input."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from dsp_ext import mfr2
from dsp_ext.units import LARGEST, peak
from tests.dsp.signals import Samples, noise, over_the_line, played, silence, sine

SIGNALS = range(1, 16)
WAYS = ("forward", "backward")
EVERY = [*itertools.product(WAYS, SIGNALS)]
SOUNDS = Path("/usr/share/asterisk/sounds")


def _signal(
    way: str,
    signal: int,
    ms: float,
    *,
    level_dbm0: float = -11.5,
    twist_db: float = 0,
    off_hz: tuple[float, float] = (0, 0),
    phase: int = 0,
) -> Samples:
    """A signal whose stronger tone has the level; positive twist: the higher frequency's."""
    n = np.arange(round(ms * 8))
    low, high = sorted(mfr2.frequencies(signal, way))
    parts = (
        (low + off_hz[0], level_dbm0 - max(twist_db, 0), 1.1 * phase),
        (high + off_hz[1], level_dbm0 + min(twist_db, 0), 2.7 * phase),
    )
    out = sum(peak(dbm0) * np.sin(2 * np.pi * hz / 8000 * n + p) for hz, dbm0, p in parts)
    return np.asarray(out, dtype=np.float32)


def _most_twist(way: str, signal: int) -> int:
    low, high = sorted(mfr2.frequencies(signal, way))
    return 5 if high - low == 120 else 7


def _edges(samples: Samples, way: str) -> list[tuple[float, mfr2.MfEvent]]:
    """Each event with the time at which it was told, ms; fed half a ms at a time."""
    detector = mfr2.MfDetector(1, way)
    found = []
    for start in range(0, len(samples), 4):
        piece = np.ascontiguousarray(samples[start : start + 4, None])
        found += [((start + 4) / 8, event) for event in detector.process(piece)]
    return found


def test_the_frequencies_are_those_of_q441() -> None:
    assert [mfr2.frequencies(s) for s in (1, 2, 3, 4, 10, 15)] == [
        (1380, 1500),
        (1380, 1620),
        (1500, 1620),
        (1380, 1740),
        (1740, 1860),
        (1860, 1980),
    ]
    assert mfr2.frequencies(1, "backward") == (1140, 1020)
    assert mfr2.frequencies(15, "backward") == (660, 540)
    assert len({mfr2.frequencies(s) for s in SIGNALS}) == 15


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
@pytest.mark.parametrize("level", [-5, -20, -35])
@pytest.mark.parametrize("way", WAYS)
def test_operate_and_release_within_the_limits(way: str, level: float, law: str) -> None:
    """All limits at once: level of either tone, twist, frequency; at most 80 ms together."""
    slowest_operate = slowest_release = 0.0
    for signal in SIGNALS:
        most = _most_twist(way, signal)
        for turn, (twist, *off) in enumerate(
            itertools.product((-most, 0, most), (-10, 10), (-10, 10))
        ):
            strong = min(level + abs(twist), -5)  # the weaker tone has the level, where it can
            sound = _signal(
                way, signal, 100, level_dbm0=strong, twist_db=twist, off_hz=tuple(off), phase=turn
            )
            before = 50 + turn * 7 / 8
            line = np.concatenate([silence(before), sound, silence(70)])
            edges = _edges(over_the_line(line, law), way)
            assert [(e.signal, e.duration_ms > 0) for _, e in edges] == [
                (signal, False),
                (signal, True),
            ], (signal, twist, off)
            slowest_operate = max(slowest_operate, edges[0][0] - before)
            slowest_release = max(slowest_release, edges[1][0] - before - 100)
    assert slowest_operate + slowest_release <= 80 - 10  # an engine's block is left for the way
    assert slowest_operate <= 35


@pytest.mark.parametrize(("way", "signal"), EVERY)
def test_what_is_told_of_a_signal(way: str, signal: int) -> None:
    line = np.concatenate([silence(60), _signal(way, signal, 150, twist_db=3), silence(60)])
    (_, begin), (_, end) = _edges(over_the_line(line), way)
    assert begin.duration_ms == 0
    assert begin.start_ms == end.start_ms == pytest.approx(60, abs=5)
    assert end.duration_ms == pytest.approx(150, abs=9)
    assert end.twist_db == pytest.approx(3, abs=0.6)
    assert end.level_dbm0 == pytest.approx(-11.5 + 10 * np.log10(1 + 10**-0.3), abs=0.3)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
@pytest.mark.parametrize("way", WAYS)
def test_in_noise_every_signal_and_no_other(way: str, law: str) -> None:
    order = np.random.default_rng(5).integers(1, 16, 200).tolist()
    parts = [silence(20)]
    for turn, signal in enumerate(order):
        parts += [_signal(way, signal, 60, level_dbm0=-20, phase=turn), silence(45 + turn % 9)]
    line = np.concatenate(parts)
    line = line + noise(-17 - 13, len(line), seed=9)  # -17 dBm0: both tones together
    assert mfr2.decode(over_the_line(line, law), way) == order


@pytest.mark.parametrize(("way", "signal"), EVERY)
def test_what_is_no_signal_is_refused(way: str, signal: int) -> None:
    """Too quiet, too uneven, too far off, with a third tone, one tone alone."""
    assert mfr2.decode(over_the_line(_signal(way, signal, 200, level_dbm0=-38.5)), way) == []
    for twist in (-20, -12, 12, 20):
        assert mfr2.decode(_signal(way, signal, 200, twist_db=twist), way) == []
    for off in itertools.product((-60, 60), repeat=2):
        assert mfr2.decode(_signal(way, signal, 200, off_hz=off), way) == []
    pair = mfr2.frequencies(signal, way)
    for third in {mfr2.frequencies(s, way)[0] for s in SIGNALS} - set(pair):
        assert mfr2.decode(_signal(way, signal, 200) + sine(third, -14, 200), way) == []
    assert mfr2.decode(over_the_line(sine(pair[0], -8, 200)), way) == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("offset", range(0, 33, 4))
def test_short_bursts_are_ignored_and_short_gaps_bridged(way: str, offset: int) -> None:
    before = np.zeros(offset, dtype=np.float32)
    for signal in SIGNALS:
        burst = _signal(way, signal, 7, level_dbm0=-5, phase=offset)
        assert mfr2.decode(np.concatenate([before, burst, silence(20), burst]), way) == []
        twist = _most_twist(way, signal)
        long = _signal(way, signal, 60, level_dbm0=-20, twist_db=twist, phase=offset)
        assert mfr2.decode(np.concatenate([before, long, silence(7), long]), way) == [signal]
        again = np.concatenate([before, long, silence(35), long])
        assert mfr2.decode(again, way) == [signal, signal]


@pytest.mark.parametrize("way", WAYS)
def test_signals_that_follow_at_once(way: str) -> None:
    order = [*SIGNALS, *reversed(SIGNALS[:-1])]
    line = np.concatenate([_signal(way, signal, 60) for signal in order])
    assert mfr2.decode(over_the_line(line), way) == order


@pytest.mark.parametrize("way", WAYS)
def test_the_other_directions_echo_10_db_down_does_no_harm(way: str) -> None:
    other = WAYS[1 - WAYS.index(way)]
    for signal, echo in itertools.product((1, 6, 10, 15), SIGNALS):
        mixed = _signal(way, signal, 80) + _signal(other, echo, 80, level_dbm0=-21.5)
        assert mfr2.decode(over_the_line(mixed), way) == [signal]
        assert mfr2.decode(over_the_line(_signal(other, echo, 200, level_dbm0=-5)), way) == []


def test_chinas_backward_direction_has_six_signals_of_four_tones() -> None:
    for signal in range(1, 7):
        sound = mfr2.program(signal, "backward", china=True, on_ms=60)
        assert mfr2.decode(over_the_line(played(sound, 60)), "backward", china=True) == [signal]
        assert set(mfr2.frequencies(signal, "backward", china=True)) <= {1140, 1020, 900, 780}
    for signal in range(7, 16):
        assert mfr2.decode(_signal("backward", signal, 100), "backward", china=True) == []
        with pytest.raises(ValueError, match="1 to 6"):
            mfr2.program(signal, "backward", china=True)
    assert mfr2.frequencies(15, "forward", china=True) == (1860, 1980)


@pytest.mark.parametrize(("way", "signal"), EVERY)
def test_the_generator_sends_as_q454_says(way: str, signal: int) -> None:
    sound = played(mfr2.program(signal, way), 1000).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) / (len(sound) / 4)
    for hz in mfr2.frequencies(signal, way):
        assert 20 * np.log10(spectrum[hz] / peak(-11.5)) == pytest.approx(0, abs=0.1)
        spectrum[hz - 3 : hz + 4] = 0
    assert spectrum.max() < peak(-11.5 - 37)
    assert mfr2.program(signal, way).repeats
    assert mfr2.decode(over_the_line(sound[:800].astype(np.float32)), way) == [signal]


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_blocks_of_any_length_give_the_same(lengths: list[int]) -> None:
    line = np.concatenate([_signal("forward", s, 50, phase=s) for s in (3, 9, 14)] + [silence(60)])
    whole = mfr2.MfDetector(1).process(line[:, None].copy())
    detector, found, start = mfr2.MfDetector(1), [], 0
    for length in itertools.chain(lengths, itertools.repeat(80)):
        found += detector.process(np.ascontiguousarray(line[start : start + length, None]))
        start += length
        if start >= len(line):
            break
    assert [event[:4] for event in found] == [event[:4] for event in whole]
    assert [event.signal for event in found if not event.duration_ms] == [3, 9, 14]


@pytest.mark.parametrize("channels", [1, 3, 4, 16, 35])
@pytest.mark.parametrize("way", WAYS)
def test_channels_do_not_disturb_each_other(channels: int, way: str) -> None:
    """Few channels are done one by one, many together: both ways give the same."""
    pcm = np.zeros((4000, channels), dtype=np.float32)
    for channel in range(0, channels, 2):
        sound = _signal(way, channel % 15 + 1, 70)
        pcm[channel * 60 : channel * 60 + len(sound), channel] = sound
    found = mfr2.MfDetector(channels, way).process(pcm)
    assert sorted((e.channel, e.signal) for e in found if e.duration_ms) == [
        (c, c % 15 + 1) for c in range(0, channels, 2)
    ]


@pytest.mark.parametrize("few", [1, 2, 3])
@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_few_channels_hear_to_the_bit_what_many_hear(few: int, law: str) -> None:
    line = np.concatenate([_signal("forward", s, 60, phase=s) for s in SIGNALS] + [silence(60)])
    line = over_the_line(line + noise(-35, len(line), seed=few), law)
    pcm = np.repeat(line[:, None], 16, axis=1)
    every = [event for event in mfr2.MfDetector(16).process(pcm) if event.channel < few]
    among = mfr2.MfDetector(16)
    for channel in range(few, 16):
        among.enable(channel, False)
    assert among.process(pcm) == every
    assert mfr2.MfDetector(few).process(np.ascontiguousarray(pcm[:, :few])) == every
    assert [event.signal for event in every if event.channel == 0 and event.duration_ms] == [
        *SIGNALS
    ]


def test_an_event_is_made_of_plain_numbers() -> None:
    (begin, end) = mfr2.MfDetector(1).process(
        np.concatenate([_signal("forward", 4, 80), silence(60)])[:, None].copy()
    )
    assert [type(value) for value in begin] == [int, int, float, int, float, float]
    assert (begin.channel, begin.signal, end.duration_ms) == (0, 4, pytest.approx(80, abs=9))


def test_disabled_and_reset_channels_say_nothing() -> None:
    pcm = np.repeat(_signal("forward", 7, 100)[:, None], 3, axis=1)
    quiet = np.zeros((800, 3), dtype=np.float32)
    detector = mfr2.MfDetector(3)
    detector.enable(0, False)
    assert [event.channel for event in detector.process(pcm)] == [1, 2]
    detector.reset(1)
    assert [event.channel for event in detector.process(quiet)] == [2]
    detector.enable(0)
    heard = detector.process(np.concatenate([pcm, quiet]))
    assert [event.channel for event in heard if event.duration_ms] == [0, 1, 2]


@pytest.mark.parametrize("way", WAYS)
def test_noise_holds_no_signal(way: str) -> None:
    pcm = np.stack([noise(-15, 80_000, seed) for seed in range(16)], axis=1)
    assert mfr2.MfDetector(16, way).process(pcm) == []


def test_real_speech_holds_hardly_a_signal() -> None:
    """No limit is set for speech; a receiver listens during register signalling only."""
    paths = sorted(SOUNDS.glob("**/*.wav"))[:300]
    if not paths:
        pytest.skip(f"no recordings in {SOUNDS}: Debian's asterisk prompts not installed")
    hits, seconds = 0, 0.0
    for path in paths:
        samples, rate = soundfile.read(path, dtype="int16")
        if rate == 8000:
            hits += sum(len(mfr2.decode(samples, way)) for way in WAYS)
            seconds += len(samples) / rate
    assert hits <= seconds / 20


def test_loud_nonsense_does_no_lasting_harm() -> None:
    burst = np.full(800, LARGEST, dtype=np.float32)
    line = np.concatenate([burst, silence(50), _signal("forward", 8, 60)])
    assert mfr2.decode(line) == [8]


def test_wrong_input_is_refused() -> None:
    detector = mfr2.MfDetector(2)
    with pytest.raises(TypeError, match="float32"):
        detector.process(np.zeros((80, 2)))
    with pytest.raises(ValueError, match="shape"):
        detector.process(np.zeros((80, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="NaN"):
        detector.process(np.full((80, 2), np.nan, dtype=np.float32))
    assert detector.process(np.zeros((0, 2), dtype=np.float32)) == []
    with pytest.raises(IndexError):
        detector.enable(2)
    with pytest.raises(ValueError, match="direction"):
        mfr2.MfDetector(1, "sideways")
    with pytest.raises(ValueError, match="channels"):
        mfr2.MfDetector(0)
    with pytest.raises(ValueError, match="dimension"):
        mfr2.decode(np.zeros((8, 2)))
    for signal in (0, 16, True, "A"):
        with pytest.raises(ValueError, match="1 to 15"):
            mfr2.frequencies(signal)
