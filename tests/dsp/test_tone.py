"""The tone generator: exact frequency, phase, level, cadence; programs and their ends."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext import tone
from dsp_ext.units import SAMPLE_RATE, dbm0_of, peak
from tests.dsp.signals import played, sine


def _continuous(hz: float, level: float = -10.0) -> tone.Program:
    return tone.Program.from_segments([((hz,), 0, 0, level)])


def _sounding(samples: np.ndarray) -> list[tuple[int, int]]:
    """(first, past the last) of each stretch of sound; one zero inside a sine is no pause."""
    places = np.flatnonzero(samples)
    if not places.size:
        return []
    parts = np.split(places, np.flatnonzero(np.diff(places) > 3) + 1)
    return [(int(p[0]), int(p[-1]) + 1) for p in parts]


@pytest.mark.parametrize("hz", [25, 350, 450, 697, 1004, 1633, 2600, 3999])
def test_a_tone_is_the_sine_it_says(hz: float) -> None:
    samples = played(_continuous(hz, -3), 1000)
    assert np.abs(samples - sine(hz, -3, 1000)).max() < 1e-5 * peak(-3)


def test_phase_and_amplitude_hold_for_an_hour() -> None:
    generator = tone.ToneGenerator(1)
    generator.start(0, _continuous(450, 0))
    for _ in range(60):
        generator.process(60 * SAMPLE_RATE)
    last = generator.process(SAMPLE_RATE)[:, 0]
    assert np.abs(last - sine(450, 0, 1000)).max() < 0.025 * peak(0)  # 1 µHz an hour long
    assert np.abs(last).max() == pytest.approx(peak(0), rel=1e-3)


def test_distortion_is_below_what_g711_can_tell() -> None:
    samples = played(_continuous(1000, 3), 1000).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    rest = spectrum.sum() - spectrum[1000]
    assert 10 * np.log10(rest / spectrum[1000]) < -110


def test_four_frequencies_with_levels_of_their_own() -> None:
    hz, levels = (400, 900, 1500, 2500), (-10, -15, -20, -25)
    samples = played(tone.Program.from_segments([(hz, 0, 0, levels)]), 1000)
    together = sum(
        sine(h, level, 1000).astype(np.float64) for h, level in zip(hz, levels, strict=True)
    )
    assert np.abs(samples - together).max() < 0.5


@pytest.mark.parametrize("block", [1, 7, 80, 160, 1000])
def test_cadence_is_exact_whatever_the_block(block: int) -> None:
    program = tone.Program.from_segments(
        [((450,), 100, 50), ((450,), 33.5, 200.125)], repeat_from=0
    )
    generator = tone.ToneGenerator(1)
    generator.start(0, program)
    samples = np.concatenate([generator.process(block)[:, 0] for _ in range(8000 // block)])
    period = 800 + 400 + 268 + 1601
    for first, past in _sounding(samples)[:4]:
        place = first % period
        expected = (0, 800) if place < 1200 else (1200, 1200 + 268)
        assert expected[0] <= place <= expected[0] + 1  # a sine begins with a zero
        if past < len(samples) - 2:
            assert abs(past - first - (expected[1] - expected[0])) <= 2
    assert len(_sounding(samples)) >= 4


def test_each_burst_begins_alike() -> None:
    samples = played(tone.Program.from_segments([((450,), 100, 37)], repeat_from=0), 1000)
    assert np.array_equal(samples[:800], samples[1096:1896])


def test_equal_frequencies_go_on_unbroken_across_segments() -> None:
    joined = tone.Program.from_segments([((350, 440), 33, 0), ((350,), 0, 0)])
    samples = played(joined, 1000)
    assert np.abs(samples[264:] - sine(350, -10, 1000)[264:]).max() < 0.5


def test_repeat_from_leaves_the_opening_out() -> None:
    program = tone.Program.from_segments(
        [((1000,), 100, 0), ((450,), 50, 50)], repeat_from=1, name="odd"
    )
    samples = played(program, 1000)
    opening, later = samples[:800], samples[800:]
    assert np.abs(opening - sine(1000, -10, 100)).max() < 0.5
    assert np.array_equal(later[:800], later[800:1600])
    assert program.duration_ms is None and program.repeats


def test_a_segment_without_frequencies_is_silence() -> None:
    samples = played(tone.Program.from_segments([((), 100, 0), ((450,), 100, 0)]), 300)
    assert _sounding(samples)[0][0] in (800, 801)
    assert not samples[1600:].any()


def test_a_program_ends_and_the_generator_falls_silent() -> None:
    generator = tone.ToneGenerator(2)
    generator.start(1, tone.Program.dtmf("12", on_ms=50, off_ms=50))
    generator.process(1599)
    assert generator.active(1) and not generator.active(0)
    generator.process(1)
    assert not generator.active(1)
    assert not generator.process(800).any()


def test_stop_silences_at_once_and_start_replaces() -> None:
    generator = tone.ToneGenerator(1)
    generator.start(0, _continuous(450))
    generator.process(100)
    generator.start(0, _continuous(1000))
    assert np.abs(generator.process(800)[:, 0] - sine(1000, -10, 100)).max() < 0.5
    generator.stop(0)
    assert not generator.active(0)
    assert not generator.process(800).any()


def test_channels_do_not_disturb_each_other() -> None:
    generator = tone.ToneGenerator(40)
    alone = {}
    for channel in range(0, 40, 3):
        program = tone.Program.from_segments(
            [((300 + 50 * channel,), 10 + channel, 5 + channel)], repeat_from=0
        )
        generator.start(channel, program)
        alone[channel] = played(program, 500)
    heard = np.concatenate([generator.process(80) for _ in range(50)])
    for channel in range(40):
        expected = alone.get(channel, np.zeros(4000, dtype=np.float32))
        assert np.array_equal(heard[:, channel], expected), channel


def test_dtmf_has_its_levels_and_twist() -> None:
    samples = played(tone.Program.dtmf("d", on_ms=1000, off_ms=0, level_dbm0=-12, twist_db=3), 1000)
    spectrum = np.abs(np.fft.rfft(samples)) / 4000
    assert spectrum[941] == pytest.approx(peak(-12), rel=0.001)
    assert spectrum[1633] == pytest.approx(peak(-9), rel=0.001)
    assert dbm0_of(samples) == pytest.approx(-7.24, abs=0.02)


def test_dtmf_length() -> None:
    assert tone.Program.dtmf("123#", on_ms=80, off_ms=70).duration_ms == 600
    assert repr(tone.Program.dtmf("1")) == "<Program dtmf, 1 segments>"


@pytest.mark.parametrize("digits", ["", "1" * 33, "12x", "1 2"])
def test_what_is_no_dtmf_string(digits: str) -> None:
    with pytest.raises(ValueError):
        tone.Program.dtmf(digits)


@pytest.mark.parametrize(
    "segments",
    [
        [],
        [((450,), 1, 1)] * 33,
        [((450,) * 5, 1, 1)],
        [((0,), 1, 1)],
        [((4000,), 1, 1)],
        [((float("nan"),), 1, 1)],
        [((450,), -1, 1)],
        [((450,), 1, float("inf"))],
        [((450,), 0.01, 1)],
        [((450,), 1, 1, 3.2)],
        [((450,), 1, 1, float("nan"))],
        [((450, 900), 1, 1, (-10,))],
    ],
)
def test_segments_outside_the_limits_are_refused(segments: list[tuple[object, ...]]) -> None:
    with pytest.raises(ValueError):
        tone.Program.from_segments(segments)


def test_other_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="repeat_from"):
        tone.Program.from_segments([((450,), 1, 1)], repeat_from=1)
    with pytest.raises(TypeError):
        tone.Program()
    generator = tone.ToneGenerator(1)
    with pytest.raises(TypeError):
        generator.start(0, None)
    with pytest.raises(IndexError):
        generator.start(1, _continuous(450))
    with pytest.raises(ValueError):
        generator.process(-1)
    assert generator.process(0).shape == (0, 1)
