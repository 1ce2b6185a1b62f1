"""Caller ID and voice where a channel asks for them: what is told, when, and what is lost."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext import callerid, fsk
from dsp_ext.engine import Engine
from dsp_ext.event import ACK, CALLER_ID, VOICE_BEGAN, VOICE_ENDED, NoSlot
from dsp_ext.port import Wire
from tests.engine.rig import BLOCK, of_kind, ticks
from tests.engine.test_listen import Listening

MODEMS = ("bell202", "v23")
LONGEST = bytes((0x80, 255)) + bytes(255)
LONGEST += bytes((callerid.checksum(LONGEST),))


def message(number: str) -> bytes:
    return callerid.encode_mdmf(callerid.CallerId(number=number, time="11271200"))


def sound(octets: bytes, modem: str = "bell202", **how: float) -> np.ndarray:
    """int16: the message as a sender says it, and 30 ms after."""
    sender = fsk.CallerIdSender(1, modem)
    sender.send(0, octets, **how)
    blocks = []
    while sender.active(0):
        blocks.append(sender.process(BLOCK))
    return np.concatenate([*blocks, np.zeros((240, 1))])[:, 0].round().astype(np.int16)


def speech(seconds: float, seed: int = 4) -> np.ndarray:
    """int16 noise with the loudness of a voice, without pauses."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 3000, round(seconds * 8000))
    return (noise * (0.6 + 0.4 * np.sin(np.arange(len(noise)) / 300))).astype(np.int16)


def told(events: list) -> list[tuple[int, bytes, bool]]:
    return [(e.channel, e.octets, bool(e.b)) for e in of_kind(events, CALLER_ID)]


@pytest.mark.parametrize("modem", MODEMS)
@pytest.mark.parametrize("slots", [20, 4])  # one for each channel, or fewer
def test_each_channel_that_asks_is_told_its_own_caller(modem, slots):
    pair = Listening(20, caller_id={modem: slots})
    pair.run(57)
    asked = (1, 16, 19)
    for channel in asked:
        pair.far.caller_id(channel, modem)
    for channel in (*asked, 2):  # nobody listens on 2
        pair.near.play(channel, sound(message(f"138{channel:08}"), modem))
    found = told(pair.heard(150))
    assert sorted(found) == [(c, message(f"138{c:08}"), True) for c in asked]


def test_when_a_message_ended_and_how_loud_it_was_are_told():
    pair = Listening(2, caller_id={"bell202": 2})
    pair.run(123)
    pair.far.caller_id(1, "bell202")
    said = sound(message("123"), level_dbm0=-20.0, twist_db=2.0)
    pair.near.play(1, said)
    began = pair.near.samples + BLOCK
    (event,) = of_kind(pair.heard(200), CALLER_ID)
    assert event.a == len(message("123"))
    assert event.at == pytest.approx(began + len(said) - 240, abs=160)
    assert event.x == pytest.approx(-18, abs=1) and event.y == pytest.approx(2, abs=1)


@pytest.mark.parametrize("wrong", [5, -1])
def test_a_message_with_a_wrong_octet_is_told_as_such(wrong):
    octets = bytearray(message("13800000001"))
    octets[wrong] ^= 0x10
    pair = Listening(1, caller_id={"v23": 1})
    pair.far.caller_id(0, "v23")
    pair.near.play(0, sound(bytes(octets), "v23"))
    assert told(pair.heard(150)) == [(0, bytes(octets), False)]


def test_a_message_that_breaks_off_is_told_as_far_as_it_came():
    octets = message("13800000001")
    said = sound(octets)
    pair = Listening(1, caller_id={"bell202": 1})
    pair.far.caller_id(0, "bell202")
    pair.near.play(0, said[: len(said) - 240 - 400])
    ((channel, got, good),) = told(pair.heard(150))
    assert (channel, good) == (0, False) and 4 <= len(got) < len(octets)
    assert octets.startswith(got[:-1])


def test_a_channel_hears_one_modem_at_a_time_and_none_when_it_is_turned_off():
    pair = Listening(2, caller_id={"bell202": 1, "v23": 1})
    said = {modem: sound(message("123"), modem) for modem in MODEMS}
    pair.far.caller_id(0, "v23")
    pair.far.caller_id(0, "bell202")
    pair.far.caller_id(1, "v23")  # free again
    for channel, modem in enumerate(MODEMS):
        pair.near.play(channel, said[modem])
    assert sorted(told(pair.heard(150))) == [(c, message("123"), True) for c in (0, 1)]
    pair.far.caller_id(0, None)
    pair.far.reset(1)
    for channel, modem in enumerate(MODEMS):
        pair.near.play(channel, said[modem])
    assert told(pair.heard(150)) == []
    assert set(pair.far.counters()["slots_used"].values()) == {0}


def test_a_message_begun_before_it_was_asked_for_is_lost_and_the_next_one_is_not():
    pair = Listening(1, caller_id={"bell202": 1})
    said = sound(message("123"))
    pair.near.play(0, np.concatenate([said, np.zeros(1600, np.int16), said]))
    pair.run(len(said) // BLOCK - 10)
    pair.far.caller_id(0, "bell202")
    assert told(pair.heard(200)) == [(0, message("123"), True)]


def test_slots_run_out_by_modem_and_voice_has_its_own():
    engine = Engine(4, caller_id={"bell202": 1}, voice=2)
    engine.caller_id(0, "bell202")
    engine.voice(0)
    engine.voice(1)
    with pytest.raises(NoSlot, match="fsk bell202: all 1 slots are taken"):
        engine.caller_id(1, "bell202")
    with pytest.raises(NoSlot, match="vad: all 2 slots are taken"):
        engine.voice(2)
    with pytest.raises(ValueError, match="no bank 'fsk v23'; it has fsk bell202, vad"):
        engine.caller_id(1, "v23")
    engine.reset(0)
    engine.voice(1, False)
    engine.caller_id(3, "bell202")
    engine.voice(2)
    engine.voice(3)
    assert len(of_kind(ticks(engine), ACK)) == 8
    assert engine.counters()["slots_used"] == {"echo": 0, "fsk bell202": 1, "vad": 2}


@pytest.mark.parametrize(
    "wrong",
    [
        {"caller_id": {"bell202": 0}},
        {"caller_id": {"bell202": 5}},
        {"caller_id": {"morse": 1}},
        {"voice": -1},
        {"voice": 5},
    ],
)
def test_banks_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError):
        Engine(4, **wrong)


def test_an_engine_without_such_banks_says_so():
    with pytest.raises(ValueError, match="no bank 'vad'; it has none"):
        Engine(1).voice(0)


@pytest.mark.parametrize("block", [8, 16, 40, 80, 160])
def test_the_same_is_heard_in_any_block_length(block):
    near, far = Engine(1, block=block), Engine(1, block=block, caller_id={"v23": 1}, voice=1)
    wire = Wire(1, block=block)
    near.attach(0, wire.a)
    far.attach(0, wire.b)
    far.caller_id(0, "v23")
    far.voice(0)
    near.play(0, np.concatenate([sound(message("007"), "v23"), np.zeros(4000, np.int16)]))
    events = []
    for _ in range(14400 // block):
        near.tick()
        far.tick()
        events += far.drain()
    assert told(events) == [(0, message("007"), True)]
    assert len(of_kind(events, VOICE_BEGAN)) == len(of_kind(events, VOICE_ENDED)) == 1


def test_messages_nobody_takes_are_counted_and_those_that_wait_are_whole():
    channels = 14
    pair = Listening(channels, caller_id={"bell202": channels}, events=16)
    for channel in range(channels):
        pair.far.caller_id(channel, "bell202")
    pair.run(5)
    for channel in range(channels):
        pair.near.play(channel, sound(message(str(channel) * 9)))
    for _ in range(200):  # nobody drains the far engine
        pair.near.tick()
        pair.near.drain()
        pair.far.tick()
    lost = pair.far.counters()["news_dropped"]
    kept = told(pair.far.drain())
    assert 0 < lost < channels and len(kept) == channels - lost
    assert all(octets == message(str(channel) * 9) for channel, octets, _ in kept)
    pair.near.play(3, sound(message("42")))
    assert told(pair.heard(150)) == [(3, message("42"), True)]


def test_the_longest_messages_fill_what_there_is_room_for():
    channels = 66
    pair = Listening(channels, caller_id={"bell202": channels})
    said = sound(LONGEST)
    for channel in range(channels):
        pair.far.caller_id(channel, "bell202")
        pair.near.play(channel, said)
    for _ in range(len(said) // BLOCK + 20):
        pair.near.tick()
        pair.near.drain()
        pair.far.tick()
    kept = told(pair.far.drain())
    assert [octets for _, octets, _ in kept] == [LONGEST] * 63
    assert pair.far.counters()["news_dropped"] == channels - 63


# ---- voice


@pytest.mark.parametrize("slots", [20, 2])
def test_speech_and_its_end_are_told_with_when_they_began(slots):
    pair = Listening(20, voice=slots)
    pair.run(100)
    pair.far.voice(17)
    pair.run(100)
    began = pair.near.samples + BLOCK
    for channel in (17, 3):  # nobody listens on 3
        pair.near.play(channel, speech(1.0))
    events = pair.heard(200)
    (start,), (end,) = of_kind(events, VOICE_BEGAN), of_kind(events, VOICE_ENDED)
    assert start.channel == end.channel == 17
    assert start.b == pytest.approx(began, abs=320)
    assert start.at == start.b + 240  # 30 ms make it sure
    assert end.b == pytest.approx(began + 8000, abs=480)
    assert end.at == end.b + 2000  # and 250 ms its end
    assert start.x > -30


def test_a_line_s_steady_noise_is_no_voice_and_speech_over_it_is():
    pair = Listening(1, voice=1)
    pair.wire.fault("a", noise_dbm0=-45)
    pair.far.voice(0)
    assert of_kind(pair.heard(500), VOICE_BEGAN) == []
    pair.near.play(0, speech(1.0))
    assert len(of_kind(pair.heard(200), VOICE_BEGAN)) == 1


def test_what_is_turned_off_while_somebody_speaks_is_told_no_more():
    pair = Listening(18, voice=18)
    for channel in (4, 5):
        pair.far.voice(channel)
        pair.near.play(channel, speech(1.0))
    pair.run(50)
    pair.far.voice(4, False)
    events = pair.heard(200)
    assert [e.channel for e in of_kind(events, VOICE_ENDED)] == [5]
    pair.far.voice(4)  # and begins afresh, not in the speech it was left in
    assert of_kind(pair.heard(100), VOICE_ENDED) == []


def test_asking_again_does_not_begin_afresh():
    pair = Listening(1, voice=1)
    pair.far.voice(0)
    pair.near.play(0, speech(1.0))
    events = pair.heard(50)
    pair.far.voice(0)
    events += pair.heard(150)
    assert len(of_kind(events, VOICE_BEGAN)) == len(of_kind(events, VOICE_ENDED)) == 1
