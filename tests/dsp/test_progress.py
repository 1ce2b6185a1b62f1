"""The call-progress detector: every plan's tones, fax and modem tones, and what is no tone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bench.quality import progress as quality
from dsp_ext import progress, tone, tone_plan
from dsp_ext.progress_plan import compile_plan
from tests.dsp.progress_line import bursts, heard, names
from tests.dsp.signals import noise, played, silence, sine

COUNTRIES = tone_plan.countries()


@pytest.mark.parametrize("country", COUNTRIES)
def test_bent_tones_of_every_plan_in_noise_are_told_in_two_cadences(country: str) -> None:
    assert quality.wrong(country, 40, seed=11) == []


@pytest.mark.parametrize(("country", "name"), [(c, n) for c in COUNTRIES for n in ("busy", "dial")])
def test_a_tone_that_sounds_from_the_very_beginning(country: str, name: str) -> None:
    plan = tone_plan.plan(country)
    program = plan.program(name)
    for event in progress.ProgressDetector(1, country).process(played(program, 6000)[:, None]):
        assert name in (event.tone, *event.alike)


def test_an_event_says_when_how_loud_and_how_long() -> None:
    ring = played(tone_plan.program("cn", "ringback"), 8000)
    begin, end = heard(np.concatenate([ring, silence(3000)]))
    assert (begin.channel, begin.tone, begin.alike, begin.ended) == (0, "ringback", (), False)
    assert begin.start_ms == pytest.approx(300, abs=15)
    assert 2000 < begin.at_ms < 2300  # a burst and the beginning of its pause
    assert begin.level_dbm0 == pytest.approx(-10, abs=0.3)
    assert end.tone == "ringback" and end.ended
    assert end.start_ms == begin.start_ms
    assert end.duration_ms > 6000


def test_tones_that_sound_alike_are_named_together() -> None:
    (event,) = [e for e in heard(bursts((425,), 250, 250, 4), "mx") if not e.ended]
    assert (event.tone, event.alike) == ("busy", ("congestion",))


def test_one_tone_after_another() -> None:
    dial = sine(450, -10, 1500)
    ring = np.concatenate([sine(450, -10, 1000), silence(4000)] * 2)
    busy = bursts((450,), 350, 350, 4)
    told = names(np.concatenate([dial, silence(800), ring, busy]))
    assert told == ["dial", "ringback", "busy"]


@pytest.mark.parametrize("hz", [425, 440, 475])
@pytest.mark.parametrize("level_dbm0", [-40, -25, 0])
def test_chinese_busy_within_its_limits(hz: float, level_dbm0: float) -> None:
    burst = np.concatenate([sine(hz, level_dbm0, 350), silence(350)] * 3)
    assert names(burst) == ["busy"]


def test_too_faint_or_off_frequency_is_no_tone() -> None:
    assert names(np.concatenate([sine(450, -48, 350), silence(350)] * 4)) == []
    assert names(sine(540, -10, 3000)) == []


@pytest.mark.parametrize("hz", [1062, 1100, 1138])
def test_a_calling_fax(hz: float) -> None:
    (begin,) = heard(np.concatenate([sine(hz, -20, 500), silence(3000)] * 2))
    assert begin.tone == "cng"
    assert begin.at_ms < 300 + 500 + 300


def test_a_calling_fax_that_has_gone_is_told_once() -> None:
    pcm = np.concatenate([sine(1100, -20, 500), silence(9000)])[:, np.newaxis]
    events = progress.ProgressDetector(1).edges(pcm)
    assert [(event.tone, event.ended) for event in events] == [("cng", False), ("cng", True)]


def test_1100_hz_of_another_length_is_no_calling_fax() -> None:
    assert names(np.concatenate([sine(1100, -13, 300), silence(1000)])) == []
    assert names(sine(1100, -13, 3000)) == []


@pytest.mark.parametrize("hz", [2085, 2100, 2115])
def test_an_answering_fax_and_an_answering_modem(hz: float) -> None:
    steady = sine(hz, -15, 3000)
    turned = steady * np.where(np.arange(len(steady)) // 3600 % 2, -1, 1).astype(np.float32)
    assert names(steady) == ["ced"]
    assert names(turned) == ["modem"]
    swell = 1 + 0.2 * np.sin(2 * np.pi * 15 * np.arange(len(steady)) / 8000)
    assert names((turned * swell).astype(np.float32)) == ["modem"]


@pytest.mark.parametrize(
    "hz", [(950, 1400, 1800), (914, 1371, 1777), (985, 1429, 1777), (1000, 1450, 1850)]
)
@pytest.mark.parametrize("gap_ms", [0, 15, 30])
@pytest.mark.parametrize("part_ms", [274, 330, 380])
def test_special_information_tone(hz: tuple[float, ...], gap_ms: float, part_ms: float) -> None:
    parts = [np.concatenate([sine(each, -15, part_ms), silence(gap_ms)]) for each in hz]
    assert names(np.concatenate([*parts, silence(1000)])) == ["sit"]


def test_parts_of_a_special_information_tone_in_another_order_are_none() -> None:
    parts = [sine(hz, -15, 330) for hz in (1400, 950, 1800)]
    assert names(np.concatenate([*parts, silence(1000)])) == []


@pytest.mark.parametrize("hz", [(600,), (480, 620)])
def test_an_unknown_steady_cadence_is_learned_as_busy(hz: tuple[float, ...]) -> None:
    tones = bursts(hz, 280, 420, 5)
    (event,) = [e for e in heard(tones) if not e.ended]
    assert event.tone == "learned_busy"
    assert (event.on_ms, event.off_ms) == pytest.approx((280, 420), abs=20)
    assert names(tones, learn=False) == []


def test_a_cadence_that_was_learned_is_known_after_twobursts() -> None:
    detector = progress.ProgressDetector(1)
    lead = silence(500)
    first = detector.process(np.concatenate([lead, bursts((600,), 300, 300, 5)])[:, None].copy())
    assert [event.tone for event in first] == ["learned_busy"]
    detector.reset(0)
    detector.learn(0, False)
    again = detector.process(np.concatenate([lead, bursts((600,), 300, 300, 2)])[:, None].copy())
    assert [event.tone for event in again] == ["learned_busy"]


def test_what_one_detector_learned_another_can_be_told() -> None:
    lead = silence(500)
    first, second = (progress.ProgressDetector(2) for _ in range(2))
    tone = np.concatenate([lead, bursts((600,), 300, 300, 5)])
    first.process(np.stack([tone, tone * 0], axis=1).copy())
    learned = first.learned(0)
    assert learned is not None and first.learned(1) is None
    assert first.listening.sound_hz(learned[0]) == pytest.approx(600, abs=26)
    second.know(0, *learned)
    assert second.learned(0) == learned
    twice = np.concatenate([lead, bursts((600,), 300, 300, 2)])
    events = second.process(np.stack([twice, twice], axis=1).copy())
    assert [(event.channel, event.tone) for event in events] == [(0, "learned_busy")]
    second.enable(0, False)
    second.enable(0, True)
    assert second.learned(0) is None
    for wrong in ((0, 300, 300), (32, 300, 300), (17, 30, 300), (17, 300, 5000)):
        with pytest.raises(ValueError, match="sound|busy"):
            second.know(0, *wrong)
    with pytest.raises(IndexError):
        second.know(2, *learned)


def test_an_uneven_cadence_is_not_learned() -> None:
    steps = [bursts((600,), on, 300, 1) for on in (300, 420, 260, 500, 310, 420)]
    assert names(np.concatenate(steps)) == []


def test_voice_after_ringing_ends_it_and_noise_is_no_voice() -> None:
    ring = np.concatenate([sine(450, -15, 1000), silence(1500)])
    envelope = np.abs(np.sin(2 * np.pi * 3 * np.arange(16000) / 8000))
    talk = (noise(-20, 16000, seed=4) * envelope).astype(np.float32)
    events = heard(np.concatenate([ring, talk]))
    assert [(e.tone, e.ended) for e in events[:3]] == [
        ("ringback", False),
        ("ringback", True),
        ("voice", False),
    ]
    assert events[2].level_dbm0 == pytest.approx(-23, abs=3)
    assert names(noise(-20, 16000, seed=4)) == []


def test_sounds_of_other_kinds_are_no_tones() -> None:
    sweep = np.arange(40000, dtype=np.float32)
    gliding = (5000 * np.sin(2 * np.pi * (300 + 0.01 * sweep) * sweep / 8000)).astype(np.float32)
    digits = played(tone.Program.dtmf("0123456789*#ABCD"), 3000)
    for samples in (gliding, digits, noise(-15, 80000, seed=9)):
        assert set(names(samples)) <= {"voice"}


def test_a_sample_of_real_speech_and_music_holds_no_tone() -> None:
    paths = list(quality.recordings())
    if not paths:
        pytest.skip("Debian's asterisk prompts and music are not installed")
    for path in paths[::20]:
        assert quality.false_tones(path, ("cn", "us")) == [], path


@pytest.mark.parametrize("block", [1, 33, 40, 79, 160, 1000])
def test_blocks_of_any_length_give_the_same(block: int) -> None:
    samples = np.concatenate([silence(200), bursts((450,), 350, 350, 3)])
    whole = progress.ProgressDetector(1).edges(samples[:, None].copy())
    detector, found = progress.ProgressDetector(1), []
    for start in range(0, len(samples), block):
        found += detector.edges(np.ascontiguousarray(samples[start : start + block, None]))
    assert len(whole) == 1
    assert [event[:5] for event in found] == [event[:5] for event in whole]


def test_channels_do_not_disturb_each_other() -> None:
    pcm = np.zeros((8000 * 5, 35), dtype=np.float32)
    tones = ("dial", "busy", "congestion")
    for channel in range(35):
        if channel % 4 < 3:
            program = tone_plan.program("cn", tones[channel % 4])
            pcm[1600:, channel] = played(program, 4800)
    found = {event.channel: event.tone for event in progress.ProgressDetector(35).process(pcm)}
    assert found == {c: tones[c % 4] for c in range(35) if c % 4 < 3}


def test_disabled_and_reset_channels_say_nothing() -> None:
    dial = np.repeat(sine(450, -10, 1000)[:, None], 3, axis=1)
    more = np.repeat(sine(450, -10, 500)[:, None], 3, axis=1)
    detector = progress.ProgressDetector(3)
    detector.enable(0, False)
    assert detector.process(dial) == []
    detector.reset(1)
    assert [event.channel for event in detector.process(more)] == [2]
    detector.enable(0)
    assert [event.channel for event in detector.process(dial)] == [1]
    assert [event.channel for event in detector.process(more)] == [0]


def test_only_the_tones_asked_for() -> None:
    busy = bursts((450,), 350, 350, 4)
    assert "busy" not in progress.ProgressDetector(1, tones=("dial", "ringback")).tones
    detector = progress.ProgressDetector(1, tones=("dial", "ringback"), learn=False)
    assert detector.process(busy[:, None].copy()) == []
    assert {"dial", "busy", "sit", "cng", "voice"} <= set(progress.ProgressDetector(1).tones)


def test_steps_of_a_plan_lie_within_their_limits() -> None:
    for country in COUNTRIES:
        for pattern in compile_plan(tone_plan.plan(country)).patterns:
            for step in pattern.steps:
                assert step.least >= 1 and step.nominal <= step.most
            assert all(one.sound != two.sound for one, two in pairwise(pattern.steps))
