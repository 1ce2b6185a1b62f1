"""The call-progress detector's ways of doing the same: by tile, by channel, and not at all."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext import progress, tone_plan
from tests.dsp.progress_line import bursts
from tests.dsp.signals import Samples, noise, over_the_line, played, silence, sine

FEW = 3  # channels of a tile that are done one by one
TILE = 16
SIT = np.concatenate([sine(hz, -15, 330) for hz in (950, 1400, 1800)])
REVERSALS = sine(2100, -15, 2000) * np.where(np.arange(16000) // 3600 % 2, -1, 1)


def _signals() -> list[tuple[str, Samples]]:
    """A signal for every kind of thing that is told, and a few that are none."""
    named = [
        ("cn", bursts((450,), 350, 350, 4)),
        ("cn", played(tone_plan.program("cn", "ringback"), 5500)),
        ("cn", SIT),
        ("cn", np.concatenate([sine(1100, -20, 500), silence(600)])),
        ("cn", sine(2100, -15, 1500)),
        ("cn", REVERSALS.astype(np.float32)),
        ("cn", bursts((560,), 280, 420, 5)),
        ("us", played(tone_plan.program("us", "dial"), 2000)),
        ("us", bursts((480, 620), 500, 500, 3)),
        ("uk", played(tone_plan.program("uk", "special_dial"), 4000)),
        ("jp", played(tone_plan.program("jp", "ringback"), 4500)),
    ]
    return [(plan, np.concatenate([silence(137), s, silence(500)])) for plan, s in named]


def _told(detector: progress.ProgressDetector, pcm: Samples, channel: int) -> list[object]:
    """Events of one channel; levels to a tenth of a decibel, as sums differ in their last bits."""
    return [
        event._replace(channel=0, level_dbm0=round(event.level_dbm0, 1))
        for event in detector.edges(pcm)
        if event.channel == channel
    ]


@pytest.mark.parametrize(("plan", "samples"), _signals())
@pytest.mark.parametrize("snr_db", [20, 40])
def test_a_channel_alone_hears_what_it_hears_in_a_full_tile(
    plan: str, samples: Samples, snr_db: float
) -> None:
    line = over_the_line(samples + noise(-20 - snr_db, len(samples), seed=2))
    alone = _told(progress.ProgressDetector(1, plan), line[:, None].copy(), 0)
    assert alone
    tile = np.repeat(line[:, None], TILE, axis=1)
    tile[:, :5] = 0
    assert _told(progress.ProgressDetector(TILE, plan), tile, 11) == alone


def test_enabling_channels_moves_a_tile_from_one_way_to_the_other() -> None:
    busy = np.repeat(bursts((450,), 350, 350, 8)[:, None], TILE, axis=1)
    detector = progress.ProgressDetector(TILE)
    for channel in range(FEW, TILE):
        detector.enable(channel, False)
    first, rest = busy[:11200], busy[11200:]
    assert {e.channel for e in detector.process(first)} == set(range(FEW))
    for channel in range(FEW, TILE):
        detector.enable(channel)
    # Those that were heard before go on; the new ones begin.
    assert {e.channel for e in detector.edges(rest)} == set(range(FEW, TILE))
    for channel in range(1, TILE):
        detector.enable(channel, False)
    silent = np.zeros((8000, TILE), dtype=np.float32)
    assert [(e.channel, e.ended) for e in detector.edges(silent)] == [(0, True)]


@pytest.mark.parametrize("channels", [1, TILE])
@pytest.mark.parametrize("pause_ms", [200, 1234, 9000, 12_000])
def test_a_silent_tile_that_is_passed_over_loses_no_time(channels: int, pause_ms: float) -> None:
    samples = np.concatenate(
        [silence(2000), bursts((450,), 350, 350, 3), silence(pause_ms), bursts((450,), 700, 700, 3)]
    )
    pcm = np.zeros((len(samples), channels), dtype=np.float32)
    pcm[:, 0] = samples
    quiet = _told(progress.ProgressDetector(channels), pcm, 0)
    # Noise on another channel of the tile keeps it from being passed over.
    awake = np.zeros((len(samples), TILE), dtype=np.float32)
    awake[:, 0], awake[:, 9] = samples, noise(-30, len(samples), seed=3)
    assert quiet == _told(progress.ProgressDetector(TILE), awake, 0)
    assert [e.tone for e in quiet if not e.ended] == ["busy", "congestion"]
    assert quiet[0].start_ms == pytest.approx(2000, abs=15)


def test_a_channel_that_is_reset_in_a_tile_passed_over_begins_at_once() -> None:
    detector = progress.ProgressDetector(TILE)
    assert detector.process(np.zeros((24_000, TILE), dtype=np.float32)) == []
    detector.reset(4)
    busy = bursts((450,), 350, 350, 3)
    pcm = np.zeros((len(busy), TILE), dtype=np.float32)
    pcm[:, 4] = pcm[:, 5] = busy
    told = {event.channel: event.start_ms for event in detector.process(pcm)}
    assert told == {4: pytest.approx(3000, abs=15), 5: pytest.approx(3000, abs=15)}


def test_a_slot_that_is_used_again_knows_nothing_of_its_last_user() -> None:
    five, two = (bursts((600,), 300, 300, times) for times in (5, 2))
    lead = silence(500)
    detector = progress.ProgressDetector(1)
    (learned,) = detector.process(np.concatenate([lead, five])[:, None].copy())
    assert learned.tone == "learned_busy"
    detector.enable(0, False)
    detector.enable(0)
    again = np.concatenate([lead, two, lead])[:, None].copy()
    assert detector.process(again) == []
    # It learns like a new one.
    fresh = detector.process(np.concatenate([lead, five])[:, None].copy())
    assert [event.tone for event in fresh] == ["learned_busy"]


def test_a_disabled_channel_hears_nothing_between() -> None:
    busy = bursts((450,), 350, 350, 6)[:, None]
    detector = progress.ProgressDetector(1)
    detector.process(busy[:5600].copy())
    detector.enable(0, False)
    assert detector.edges(busy[5600:11200].copy()) == []
    detector.enable(0)
    (event,) = detector.process(busy[11200:].copy())
    assert event.start_ms >= 1400
