"""Call progress and MF-R2 where a channel asks for them: what is told, when, and who has a slot."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext import mfr2, tone_plan
from dsp_ext.engine import Engine
from dsp_ext.event import (
    ACK,
    BUSY_LEARNED,
    MF_END,
    MF_START,
    TONE_GONE,
    TONE_HEARD,
    NoSlot,
)
from dsp_ext.tone import Program, Segment
from tests.engine.rig import BLOCK, Pair, of_kind, ticks


class Listening(Pair):
    """The far engine's detectors hear what the near one sends."""

    def __init__(self, channels: int = 4, **far) -> None:
        super().__init__(channels)
        self.far = Engine(channels, **far)
        self.wire = type(self.wire)(channels, seed=1)
        self.near = Engine(channels)
        self.near.attach(0, self.wire.a)
        self.far.attach(0, self.wire.b)

    def heard(self, blocks: int) -> list:
        return [event for name, event in self.run(blocks) if name == "far"]

    def names(self, blocks: int) -> dict[int, list[str]]:
        """Of each channel: the names of tones that were told, in order."""
        found: dict[int, list[str]] = {}
        for event in of_kind(self.heard(blocks), TONE_HEARD):
            found.setdefault(event.channel, []).append(self.far.tone_names(event.a)[0])
        return found


@pytest.mark.parametrize("slots", [20, 4])  # one for each channel, or fewer
def test_each_channel_that_asks_is_told_its_own_tones(slots):
    pair = Listening(20, progress={"cn": slots})
    for channel, name in ((1, "busy"), (17, "ringback"), (18, "dial"), (19, "congestion")):
        pair.far.progress(channel, "cn")
        pair.near.tone(channel, tone_plan.program("cn", name))
    pair.near.tone(2, tone_plan.program("cn", "busy"))  # nobody listens there
    found = pair.names(1200)
    assert found == {1: ["busy"], 17: ["ringback"], 18: ["dial"], 19: ["congestion"]}


def test_the_end_of_a_tone_is_told_and_the_times_are_media_time():
    pair = Listening(2, progress={"cn": 2})
    pair.run(123)
    pair.far.progress(1, "cn")
    pair.near.tone(1, tone_plan.program("cn", "dial"))
    began = pair.near.samples
    events = pair.heard(300)
    pair.near.stop_tone(1)
    events += pair.heard(100)
    (start,), (end,) = of_kind(events, TONE_HEARD), of_kind(events, TONE_GONE)
    assert start.a == end.a and pair.far.tone_names(start.a)[0] == "dial"
    assert abs(start.b - began - BLOCK) <= 400  # when it began
    assert start.b < start.at <= began + 300 * BLOCK  # and when that was sure
    assert start.x == pytest.approx(-13, abs=4)


def test_a_channel_listens_to_one_plan_at_a_time():
    pair = Listening(2, progress={"cn": 1, "us": 1})
    pair.far.progress(0, "us")
    pair.far.progress(0, "cn")
    pair.far.progress(1, "us")  # free again
    pair.near.tone(0, tone_plan.program("cn", "busy"))
    pair.near.tone(1, tone_plan.program("us", "busy"))
    assert pair.names(400) == {0: ["busy"], 1: ["busy"]}
    assert pair.far.counters()["slots_used"] == {"echo": 0, "progress cn": 1, "progress us": 1}
    pair.far.progress(0, None)
    pair.far.progress(1, None)
    pair.near.tone(0, tone_plan.program("cn", "ringback"))
    assert pair.names(600) == {}


def test_an_unknown_busy_tone_is_learned_where_that_is_allowed():
    pair = Listening(2, progress={"cn": 2})
    odd = Program.from_segments([Segment((620,), 260, 260, -15)], repeat_from=0)
    for channel, learn in ((0, True), (1, False)):
        pair.far.progress(channel, "cn", learn=learn)
        pair.near.tone(channel, odd)
    events = pair.heard(600)
    names = [(e.channel, pair.far.tone_names(e.a)) for e in of_kind(events, TONE_HEARD)]
    assert names == [(0, ("learned_busy",))]
    (cadence,) = of_kind(events, BUSY_LEARNED)
    assert cadence.channel == 0
    tone = pair.far.busy(cadence)
    assert (tone.plan, tone.hz) == ("cn", pytest.approx(620, abs=26))
    assert tone.on_ms == pytest.approx(260, abs=20) == tone.off_ms
    # The same tone, known from then on: told after two bursts in place of four.
    again = Listening(2, progress={"cn": 2})
    for channel, known in ((0, tone), (1, None)):
        again.far.progress(channel, "cn", known=known)
        again.near.tone(channel, odd)
    heard = of_kind(again.heard(400), TONE_HEARD)
    at = {e.channel: e.at / 8 for e in heard}
    assert at[0] < 1300 < 1800 < at[1]
    assert [e.channel for e in of_kind(again.heard(1), BUSY_LEARNED)] == []
    for wrong in (tone._replace(sound=0), tone._replace(hz=450.0), tone._replace(on_ms=3000)):
        with pytest.raises(ValueError, match="Hz|sound|busy"):
            again.far.progress(0, "cn", known=wrong)


def test_fax_modem_and_voice_are_told_by_name():
    pair = Listening(3, progress={"cn": 3})
    rng = np.random.default_rng(3)
    talk = rng.normal(0, 3000, 16000) * np.repeat(rng.uniform(0, 1, 100) ** 2, 160)
    for channel in range(3):
        pair.far.progress(channel, "cn")
    cng = Program.from_segments([Segment((1100,), 500, 3000, -12)], repeat_from=0)
    ced = Program.from_segments([Segment((2100,), 3000, 0, -12)])
    pair.near.tone(0, cng)
    pair.near.tone(1, ced)
    pair.near.play(2, talk.astype(np.int16), loop=True)
    found = pair.names(800)
    assert found[0][0] == "cng" and found[1][0] == "ced" and found[2][0] == "voice"


@pytest.mark.parametrize("slots", [18, 2])
def test_register_signals_are_told_in_either_direction(slots):
    pair = Listening(18, mfr2={"forward": slots, "backward": slots, "backward cn": 1})
    pair.far.mfr2(0, "forward")
    pair.far.mfr2(17, "backward")
    pair.run(57)
    for channel, direction, signal in ((0, "forward", 12), (17, "backward", 3)):
        pair.near.tone(channel, mfr2.program(signal, direction))
    began = pair.near.samples + BLOCK
    events = pair.heard(30)
    for channel in (0, 17):
        pair.near.stop_tone(channel)
    events += pair.heard(30)
    starts, ends = of_kind(events, MF_START), of_kind(events, MF_END)
    assert sorted((e.channel, e.a) for e in starts) == [(0, 12), (17, 3)]
    assert sorted((e.channel, e.a) for e in ends) == [(0, 12), (17, 3)]
    assert all(abs(e.at - began) <= 80 for e in starts)
    assert all(e.b == pytest.approx(300, abs=15) for e in ends)


def test_slots_run_out_by_bank_and_come_back_with_off_or_reset():
    engine = Engine(5, progress={"cn": 1}, mfr2={"forward": 2})
    engine.progress(0, "cn")
    engine.mfr2(0, "forward")
    engine.mfr2(1, "forward")
    with pytest.raises(NoSlot, match="progress cn: all 1 slots are taken"):
        engine.progress(1, "cn")
    with pytest.raises(NoSlot, match="mfr2 forward: all 2 slots are taken"):
        engine.mfr2(2, "forward")
    with pytest.raises(ValueError, match="no bank 'progress us'; it has progress cn, mfr2 forward"):
        engine.progress(1, "us")
    engine.reset(0)
    engine.progress(4, "cn")
    engine.mfr2(1, None)
    engine.mfr2(2, "forward")
    engine.mfr2(3, "forward")
    assert len(of_kind(ticks(engine), ACK)) == 8
    assert engine.counters()["slots_used"] == {"echo": 0, "progress cn": 1, "mfr2 forward": 2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"progress": {"cn": 0}},
        {"progress": {"cn": 5}},
        {"progress": {"atlantis": 1}},
        {"mfr2": {"sideways": 1}},
        {"mfr2": {"forward": -1}},
    ],
)
def test_posts_that_cannot_be_are_refused(wrong):
    with pytest.raises((ValueError, LookupError)):
        Engine(4, **wrong)


def test_detectors_find_the_same_in_any_block_length():
    names = {}
    for block in (16, 40, 80, 160):
        near, far = Engine(1, block=block), Engine(1, block=block, progress={"cn": 1})
        wire = type(Pair(1).wire)(1, block=block)
        near.attach(0, wire.a)
        far.attach(0, wire.b)
        far.progress(0, "cn")
        near.tone(0, tone_plan.program("cn", "busy"))
        seen = []
        for _ in range(24000 // block):
            near.tick()
            far.tick()
            seen += far.drain()
        names[block] = [far.tone_names(e.a)[0] for e in of_kind(seen, TONE_HEARD)]
    assert names == dict.fromkeys(names, ["busy"])


def test_news_nobody_takes_is_counted_and_no_answer_is_lost():
    pair = Listening(8, progress={"cn": 8}, events=8)
    for channel in range(8):
        pair.far.progress(channel, "cn")
        pair.near.tone(channel, tone_plan.program("cn", "busy"))
    for _ in range(300):
        pair.near.tick()
        pair.near.drain()
        pair.far.tick()
    counters = pair.far.counters()
    assert counters["news_dropped"] > 0 and counters["event_ring_full"] > 0
    acks = [e for _ in range(10) for e in ticks(pair.far) if e.kind == ACK]
    assert [e.a for e in acks] == list(range(1, 9))
