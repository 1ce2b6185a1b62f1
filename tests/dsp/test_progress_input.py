"""The call-progress detector and what it should not be given; its one-shot door `decode`."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.signal import resample_poly

from dsp_ext import g711, progress, tone, tone_plan
from tests.dsp.progress_line import bursts, names
from tests.dsp.signals import Samples, noise, silence, sine

NAMES = {*progress.ProgressDetector(1).tones}


def test_loud_nonsense_does_no_lasting_harm() -> None:
    burst = np.full(800, 9e8, dtype=np.float32)
    assert "busy" in names(np.concatenate([burst, silence(500), bursts((450,), 350, 350, 4)]))


def test_full_scale_direct_current_and_random_octets_tell_nothing() -> None:
    random = np.random.default_rng(8)
    for samples in (
        np.full(40000, 32767, dtype=np.float32),
        np.full(40000, -200, dtype=np.float32),
        np.where(np.arange(40000) % 2, 32767, -32768).astype(np.float32),
        random.integers(-32768, 32767, 160000).astype(np.float32),
    ):
        assert set(names(samples)) <= {"voice"}


def test_wrong_input_is_refused() -> None:
    with pytest.raises(tone_plan.UnknownTone, match="xx"):
        progress.ProgressDetector(1, "xx")
    with pytest.raises(TypeError, match="plan"):
        progress.ProgressDetector(1, 7)
    with pytest.raises(ValueError, match="none of the tones"):
        progress.ProgressDetector(1, tones=("nothing",))
    with pytest.raises(ValueError, match="channels"):
        progress.ProgressDetector(0)
    wide = dataclasses.replace(
        tone_plan.plan("cn"), tones={"dial": (tone.Segment((300,)), tone.Segment((900,)))}
    )
    with pytest.raises(ValueError, match="spreads"):
        progress.ProgressDetector(1, wide)
    endless = dataclasses.replace(
        tone_plan.plan("cn"), tones={"busy": (tone.Segment((450,)), tone.Segment((450,), 350, 350))}
    )
    with pytest.raises(ValueError, match="last"):
        progress.ProgressDetector(1, endless)
    detector = progress.ProgressDetector(2)
    with pytest.raises(TypeError, match="float32"):
        detector.process(np.zeros((80, 2)))
    with pytest.raises(ValueError, match="shape"):
        detector.process(np.zeros((80, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="NaN"):
        detector.process(np.full((80, 2), np.nan, dtype=np.float32))
    with pytest.raises(IndexError):
        detector.enable(2)
    assert detector.process(np.zeros((0, 2), dtype=np.float32)) == []


def test_ten_seconds_of_random_octets_on_every_channel_tell_nothing() -> None:
    octets = np.random.default_rng(2).integers(0, 256, (32, 80_000), dtype=np.uint8)
    events = progress.ProgressDetector(32).process(g711.decode(octets))
    assert {event.tone for event in events} <= {"voice"}


@pytest.mark.parametrize("channels", [1, 3, 4, 17])
@pytest.mark.parametrize("offset", [-30_000, 900])
def test_direct_current_does_not_hide_a_tone(channels: int, offset: int) -> None:
    busy = bursts((450,), 350, 350, 4) + offset / 30
    pcm = np.repeat(np.float32(busy)[:, None], channels, axis=1)
    told = progress.ProgressDetector(channels).process(pcm)
    assert {event.channel for event in told} == set(range(channels))
    assert {event.tone for event in told} == {"busy"}


_PIECES = st.sampled_from(
    [
        sine(450, -10, 350),
        sine(440, -20, 40),
        sine(1100, -20, 500),
        sine(2100, -15, 450),
        -sine(2100, -15, 450),
        sine(950, -13, 330),
        sine(1400, -13, 330),
        sine(1800, -13, 330),
        sine(480, -10, 500) + sine(620, -10, 500),
        silence(10),
        silence(350),
        silence(11_000),
        noise(-20, 700, seed=1),
        np.full(333, 32767, dtype=np.float32),
        np.full(1, 1e9, dtype=np.float32),
        np.full(160, -1e9, dtype=np.float32),
        np.full(500, 1e-42, dtype=np.float32),
    ]
)


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(_PIECES, min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 900), min_size=1, max_size=8),
    channels=st.sampled_from([1, 3, 5, 16]),
)
def test_any_row_of_sounds_in_any_blocks_gives_sane_events(
    pieces: list[Samples], cuts: list[int], channels: int
) -> None:
    pcm = np.repeat(np.concatenate(pieces)[:, None], channels, axis=1)
    detector = progress.ProgressDetector(channels)
    at, k, now_ms = 0, 0, 0.0
    sounding: dict[int, str] = {}
    while at < len(pcm):
        block = pcm[at : at + max(cuts[k % len(cuts)], k % 2)]
        at, k = at + len(block), k + 1
        for event in detector.edges(np.ascontiguousarray(block)):
            assert 0 <= event.start_ms <= event.at_ms <= at / 8
            assert event.at_ms >= now_ms - 1e-9 and event.tone in NAMES
            assert np.isfinite(event.level_dbm0) or np.abs(block).max() > 32768
            if event.ended:
                assert sounding.pop(event.channel) == event.tone
            else:
                assert event.channel not in sounding
                sounding[event.channel] = event.tone
        now_ms = (at - 1) // 40 * 5.0 - 10


@settings(max_examples=60, deadline=None)
@given(
    pcm=hnp.arrays(
        np.float32,
        st.tuples(st.integers(0, 400), st.just(4)),
        elements=st.floats(-1e9, 1e9, width=32),
    )
)
def test_any_values_a_bank_takes_are_taken(pcm: Samples) -> None:
    detector = progress.ProgressDetector(4)
    for _ in range(3):
        detector.edges(pcm)
    silent = np.zeros((16_000, 4), dtype=np.float32)
    detector.edges(silent)
    busy = np.repeat(bursts((450,), 350, 350, 4)[:, None], 4, axis=1)
    assert {event.channel for event in detector.process(busy) if event.tone == "busy"} == {
        0,
        1,
        2,
        3,
    }


@settings(max_examples=100, deadline=None)
@given(
    segments=st.lists(
        st.tuples(
            st.lists(st.floats(300, 620), min_size=1, max_size=3),
            st.floats(0, 10_000),
            st.floats(0, 10_000),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_plan_is_compiled_or_refused(
    segments: list[tuple[list[float], float, float]],
) -> None:
    parts = tuple(tone.Segment(tuple(hz), on_ms, off_ms) for hz, on_ms, off_ms in segments)
    plan = dataclasses.replace(tone_plan.plan("cn"), tones={"dial": parts[:1], "busy": parts})
    try:
        detector = progress.ProgressDetector(1, plan)
    except ValueError:
        return
    detector.process(bursts((450,), 350, 350, 2)[:, None].copy())


def test_decode_tells_what_a_recording_holds() -> None:
    busy = np.concatenate([silence(500), bursts((450,), 350, 350, 3), silence(2000)])
    begin, end = progress.decode(busy.astype(np.int16))
    assert (begin.tone, begin.ended, end.tone, end.ended) == ("busy", False, "busy", True)
    assert begin.start_ms == pytest.approx(500, abs=15)
    at_16k = resample_poly(busy, 2, 1)
    assert [event.tone for event in progress.decode(at_16k, rate=16_000)] == ["busy", "busy"]
    american = bursts((480, 620), 500, 500, 3)
    assert [event.tone for event in progress.decode(american, plan="us")] == ["busy"]
    assert progress.decode(np.empty(0, dtype=np.int16)) == []


@pytest.mark.parametrize(
    ("samples", "how", "error"),
    [
        (np.zeros(8, dtype=np.int64), {}, TypeError),
        (["a"], {}, TypeError),
        (np.zeros((8, 2)), {}, ValueError),
        (np.zeros(8), {"rate": 0}, ValueError),
        (np.zeros(8), {"rate": 8000.5}, ValueError),
        (np.zeros(8), {"rate": True}, ValueError),
        (np.array([0.0, np.nan]), {}, ValueError),
        (np.array([0.0, 1e300]), {}, ValueError),
        (np.array([0.0, np.inf]), {"rate": 16_000}, ValueError),
        (np.zeros(8), {"plan": "xx"}, tone_plan.UnknownTone),
        (np.zeros(8), {"plan": None}, TypeError),
    ],
)
def test_decode_refuses_what_is_no_recording(
    samples: object, how: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        progress.decode(samples, **how)


def test_values_beyond_full_scale_deafen_nobody() -> None:
    """Found by the test before: energies of such samples once stayed in a channel for good."""
    pcm = np.ones((175, 4), dtype=np.float32)
    pcm[12, 0] = 641
    pcm[[50, 99, 160], 1] = (362, 3.037001e08, 6.074001e08)
    before = pcm.copy()
    detector = progress.ProgressDetector(4)
    for _ in range(3):
        detector.edges(pcm)
    assert np.array_equal(pcm, before), "the caller's block is left as it is"
    detector.edges(np.zeros((16_000, 4), dtype=np.float32))
    busy = np.repeat(bursts((450,), 350, 350, 4)[:, None], 4, axis=1)
    told = {event.channel for event in detector.process(busy) if event.tone == "busy"}
    assert told == {0, 1, 2, 3}
