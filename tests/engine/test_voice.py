"""What sounds into a channel (players, tones, feeds) and what listens to it (taps)."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext import g711
from dsp_ext.engine import Engine
from dsp_ext.event import ACK, PLAY_DONE, TAP_OVERRUN, TONE_DONE
from dsp_ext.port import Wire
from dsp_ext.ring import Ring
from dsp_ext.tone import Program
from tests.engine.rig import BLOCK, COUNTING, IDLE, is_counting, octets, of_kind, sent, ticks


def test_a_player_says_its_samples_once_and_then_silence():
    engine = Engine(2)
    engine.play(1, COUNTING, token=7)
    assert (sent(engine, 0, 1) == IDLE).all()
    ring = Ring(1024)
    engine.reset(1)
    engine.play(1, COUNTING, token=8)
    engine.tap(1, ring, mode="tx")
    events = ticks(engine, 5)
    stream = octets(ring)
    assert list(stream[:256]) == list(range(256))
    assert (stream[256:] == IDLE).all()
    ended = of_kind(events, PLAY_DONE)
    assert [(event.a, event.b) for event in ended] == [(7, 1), (8, 0)]
    assert ended[1].at == 2 * BLOCK + 256  # the first tick of this player began at block 2


def test_a_loop_goes_on_without_a_seam():
    engine = Engine(1)
    engine.play(0, COUNTING, loop=True, token=3)
    stream = sent(engine, 0, 50)
    assert len(stream) == 50 * BLOCK and is_counting(stream)
    engine.stop(0)
    done = of_kind(ticks(engine), PLAY_DONE)
    assert [(event.a, event.b) for event in done] == [(3, 1)]


def test_a_loop_shorter_than_a_block():
    engine = Engine(1)
    engine.play(0, COUNTING[40:47], loop=True)
    stream = sent(engine, 0, 3)
    assert (stream == np.resize(np.arange(40, 47), 3 * BLOCK)).all()


def test_replacing_tells_the_old_token_before_the_new_ack():
    engine = Engine(1)
    engine.play(0, COUNTING, loop=True, token=1)
    ticks(engine)
    number = engine.play(0, COUNTING, token=2)
    first, second = ticks(engine)
    assert (first.kind, first.a, first.b) == (PLAY_DONE, 1, 1)
    assert (second.kind, second.a) == (ACK, number)
    third = of_kind(ticks(engine, 5), PLAY_DONE)
    assert [(event.a, event.b) for event in third] == [(2, 0)]
    engine.stop(0)
    assert of_kind(ticks(engine), PLAY_DONE) == []  # it had ended


@pytest.mark.parametrize("loop", [False, True])
def test_nothing_to_play_is_done_at_once(loop):
    engine = Engine(1)
    engine.play(0, np.zeros(0, np.int16), loop=loop, token=4)
    assert [event.a for event in of_kind(ticks(engine), PLAY_DONE)] == [4]


def test_gain_and_the_clip():
    engine = Engine(1)
    engine.play(0, np.full(80, 1000, np.int16), gain=0.5)
    assert (
        g711.alaw_decode(sent(engine, 0, 1))
        == g711.alaw_decode(g711.alaw_encode(np.full(80, 500, np.int16)))
    ).all()
    engine.play(0, np.full(80, -30000, np.int16), gain=4.0)
    assert (g711.alaw_decode(sent(engine, 0, 1)) == -32256).all()


def test_samples_of_a_read_only_array_play():
    samples = COUNTING.copy()
    samples.setflags(write=False)
    engine = Engine(1)
    engine.play(0, samples, loop=True)
    assert is_counting(sent(engine, 0, 4))


def test_player_feed_and_tone_add_up():
    engine, ring = Engine(1), Ring(1024)
    ring.write(np.full(80, 300, np.int16).tobytes())
    engine.feed(0, ring)
    engine.play(0, np.full(80, 200, np.int16))
    stream = g711.alaw_decode(sent(engine, 0, 1))
    expected = g711.alaw_decode(g711.alaw_encode(np.full(1, 500, np.int16)))
    assert (stream == expected).all()


@pytest.mark.parametrize("block", [8, 80, 160])
def test_each_of_many_channels_says_its_own(block):
    channels = 35  # two whole tiles and a part of one
    engine = Engine(channels, block=block)
    feeds = {c: Ring(2 * 256) for c in range(channels) if c % 3 == 0}
    taps = [Ring(1 << 12) for _ in range(channels)]
    values = g711.alaw_decode(np.arange(channels, dtype=np.uint8) + 0x80).astype(int)
    fed = g711.alaw_decode(np.array([0x40], np.uint8))
    for c, tap in enumerate(taps):
        engine.tap(c, tap, mode="tx")
        if c % 2 == 0:
            engine.play(c, np.full(250, values[c], np.int16))
        if c in feeds:
            engine.feed(c, feeds[c])
            feeds[c].write(np.full(200, fed[0], np.int16).tobytes())
    ticks(engine, 480 // block)
    for c, tap in enumerate(taps):
        expected = np.zeros(480, int)
        expected[:250] += values[c] if c % 2 == 0 else 0
        expected[:200] += fed[0] if c in feeds else 0
        assert (octets(tap) == g711.alaw_encode(expected.astype(np.int16))).all(), c


def test_a_feed_is_silent_when_empty_and_keeps_half_samples():
    engine, ring = Engine(1), Ring(1024)
    engine.feed(0, ring)
    data = COUNTING[:100].tobytes()
    ring.write(data[:101])  # fifty samples and one octet
    stream = sent(engine, 0, 1)
    assert list(stream[:50]) == list(range(50)) and (stream[50:] == IDLE).all()
    ring.write(data[101:])
    assert list(sent(engine, 0, 1)[:50]) == list(range(50, 100))
    engine.unfeed(0)
    ring.write(data)
    assert (sent(engine, 0, 2) == IDLE).all()


def test_a_tone_program_is_heard_and_told():
    engine = Engine(1)
    engine.tone(0, Program.dtmf("5", on_ms=50, off_ms=10, level_dbm0=-6), token=9)
    ring = Ring(4096)
    engine.tap(0, ring, mode="tx")
    events = ticks(engine, 10)
    done = of_kind(events, TONE_DONE)
    assert [event.a for event in done] == [9]
    heard = g711.alaw_decode(octets(ring)).astype(float)
    spectrum = np.abs(np.fft.rfft(heard[:400]))
    assert sorted(np.argsort(spectrum)[-2:] * 20.0) == pytest.approx([770, 1336], abs=20)
    assert (np.abs(heard[-80:]) < 10).all()


def test_stopping_or_replacing_a_tone_is_not_its_end():
    engine = Engine(1)
    engine.tone(0, Program.dtmf("1", on_ms=500), token=1)
    ticks(engine, 2)
    engine.tone(0, Program.dtmf("2", on_ms=500), token=2)
    ticks(engine, 2)
    engine.stop_tone(0)
    assert of_kind(ticks(engine, 200), TONE_DONE) == []
    assert (sent(engine, 0, 1) == IDLE).all()


def _looped(channels: int = 1) -> Engine:
    """An engine that hears on channel 0 what it says on channel 1 a block before."""
    wire, engine = Wire(1), Engine(2)
    engine.attach(0, wire.a)
    engine.attach(1, wire.b)
    return engine


def test_taps_hear_both_ways_interleaved_or_one():
    engine = _looped()
    both, rx, tx = Ring(8192), Ring(8192), Ring(8192)
    engine.play(1, COUNTING, loop=True)
    engine.play(0, COUNTING[5:6], loop=True)
    ticks(engine, 2)
    engine.tap(0, both)
    engine.tap(0, rx, mode="rx")
    engine.tap(0, tx, mode="tx")
    ticks(engine, 20)
    pairs = octets(both).reshape(-1, 2)
    assert len(pairs) == 20 * BLOCK
    assert is_counting(pairs[:, 0])
    assert (pairs[:, 1] == 5).all()
    assert (octets(rx) == pairs[:, 0]).all() and (octets(tx) == 5).all()


def test_tapping_again_changes_the_mode_and_untap_ends_it():
    engine, ring = Engine(1), Ring(8192)
    engine.tap(0, ring)
    ticks(engine)
    engine.tap(0, ring, mode="rx")
    ticks(engine)
    assert ring.readable == 3 * BLOCK
    engine.untap(0, ring)
    ticks(engine)
    assert ring.readable == 3 * BLOCK


def test_a_full_tap_counts_tells_once_and_stays_in_step():
    engine, ring = _looped(), Ring(256)
    engine.play(1, COUNTING, loop=True)
    ticks(engine, 2)
    engine.tap(0, ring)
    events = ticks(engine, 6)  # one block fits
    over = of_kind(events, TAP_OVERRUN)
    assert [(event.channel, event.a) for event in over] == [(0, 2 * BLOCK)]
    assert ring.dropped == 5 * 2 * BLOCK == engine.counters()["tap_dropped_octets"]
    assert is_counting(octets(ring).reshape(-1, 2)[:, 0])
    assert of_kind(ticks(engine, 1), TAP_OVERRUN) == []
    assert is_counting(octets(ring).reshape(-1, 2)[:, 0])  # a whole block again
    assert len(of_kind(ticks(engine, 3), TAP_OVERRUN)) == 1  # a new overrun is told anew


def test_reset_silences_and_deafens():
    engine, ring, feed = Engine(2), Ring(65536), Ring(1024)
    engine.play(0, COUNTING, loop=True, token=6)
    engine.tone(0, Program.dtmf("1", on_ms=1000))
    engine.feed(0, feed)
    engine.tap(0, ring)
    engine.join(0, 1)
    engine.join(1, 1)
    engine.detect(0, True)
    ticks(engine, 2)
    engine.reset(0)
    events = ticks(engine)
    assert [(event.kind, event.b) for event in events] == [(PLAY_DONE, 1), (ACK, 0)]
    heard = ring.readable
    assert (sent(engine, 0, 3) == IDLE).all()
    assert ring.readable == heard
