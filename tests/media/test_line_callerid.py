"""Caller ID in band from a telephone port's signalling to an exchange line's, through engines."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

from drivers.base import AlertTone, Channel, FskMessage, Keys, SetupRequest
from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.events import Number, Setup
from drivers.signalling.analog import analog
from drivers.signalling.analog.callerid import scheme, schemes
from dsp_ext import g711
from dsp_ext.callerid import CallerId
from dsp_ext.engine import Engine
from mediaserver.clock import Clock
from mediaserver.media.clockwork import Virtual
from mediaserver.media.lineaudio import MediaLineAudio
from mediaserver.media.session import MediaSession
from tests.media.world import Ear, World, run


class Pair:
    """An exchange's FXS span and a line's FXO span, each on its own engine."""

    def __init__(self, exchange: dict[str, Any], line: dict[str, Any], **engine: Any) -> None:
        loop = asyncio.get_running_loop()
        boards = make_pair([SpanSpec.of("fxs", "P", "T", 2)])
        self.clock = Clock(loop)
        self.sessions, self.log = [], []
        for board in boards:
            (span,) = board.spans
            made = Engine(2, **engine)
            made.attach(0, span.port)
            for place, channel in enumerate(span.channels):
                channel.index = place
            self.sessions.append(MediaSession(made, self.clock))
        audio = [MediaLineAudio(session, "cn", self.clock) for session in self.sessions]
        (fxs,), (fxo,) = (board.spans for board in boards)
        self.phones = analog(fxs, lambda event: None, audio=audio[0], **exchange)
        self.line = analog(fxo, self.log.append, audio=audio[1], **line)
        self.board = boards[0]
        Virtual(self.sessions, loop).start()
        self.phones.start()
        self.line.start()

    def offered(self) -> list[Setup]:
        return [event for event in self.log if isinstance(event, Setup)]


@pytest.mark.parametrize("name", schemes())
def test_each_scheme_brings_number_and_name_from_one_end_to_the_other(name: str) -> None:
    how = scheme(name)

    async def story() -> None:
        slots = {"caller_id": {how.modem: 2}} if how.by == "fsk" else {}
        pair = Pair({"caller_id": name}, {"caller_id": name}, **slots)
        pair.phones.setup(SetupRequest(2, Number(), Number("01082345678"), "王"))
        await asyncio.sleep(7)
        (offered,) = pair.offered()
        assert offered.channel == 2 and offered.calling.digits == "01082345678"
        named = how.by == "fsk" and how.format == "mdmf"
        assert offered.name == ("王" if named else "")
        assert len(pair.sessions[1].port(1).digits) == 0  # no key is left for a menu

    run(story)


def test_noise_over_the_message_leaves_a_call_without_a_number() -> None:
    async def story() -> None:
        pair = Pair({}, {}, caller_id={"bell202": 2})
        pair.board.fault("P", "far", noise_dbm0=-14.0)
        pair.phones.setup(SetupRequest(1, Number(), Number("139"), "Li"))
        await asyncio.sleep(6)
        (offered,) = pair.offered()
        assert offered.calling == Number() and offered.name == ""

    run(story)


def test_without_a_receiver_left_the_call_comes_without_a_number() -> None:
    async def story() -> None:
        pair = Pair({}, {}, caller_id={"bell202": 1})
        pair.phones.setup(SetupRequest(2, Number(), Number("139")))
        await asyncio.sleep(6)
        (offered,) = pair.offered()
        assert offered.calling == Number()

    run(story)


def test_keys_between_numbers_are_none() -> None:
    async def story() -> None:
        world = World()
        audio = MediaLineAudio(world.near, "cn", world.clock)
        heard: list[CallerId | None] = []
        channel = Channel("T", 2, 1)
        audio.hear_caller(channel, "dtmf", heard.append)
        await asyncio.sleep(0.1)
        far = world.far.port(1)
        for keys in ("123C", "D13", "5C", "DAC", "D139C"):
            await far.dial(keys)
            await asyncio.sleep(1.5)
        assert [caller and caller.number for caller in heard] == [None, "139"]
        audio.deaf_caller(channel)
        await far.dial("D138C")
        await asyncio.sleep(0.5)
        assert len(heard) == 2

    run(story)


@pytest.mark.parametrize(
    "piece",
    [FskMessage(b"", "bell202", -13.5, 300, 180), Keys("12X", 70, 70), AlertTone(100)],
)
def test_what_cannot_be_sent_is_said_and_nothing_breaks(piece: Any) -> None:
    async def story() -> None:
        pair = Pair({}, {}, caller_id={"bell202": 2})
        audio = MediaLineAudio(pair.sessions[0], "cn", pair.clock)
        sent = await audio.send_caller(pair.phones.span.channels[0], piece)
        assert sent is isinstance(piece, AlertTone)

    run(story)


def test_the_alert_is_two_tones_of_a_tenth_of_a_second() -> None:
    async def story() -> None:
        world = World()
        ear = Ear(world.near.port(1))
        await ear.began
        audio = MediaLineAudio(world.far, "cn", world.clock)
        await audio.send_caller(Channel("T", 2, 1), AlertTone(100))
        await asyncio.sleep(0.1)
        pcm = np.asarray(g711.alaw_decode(ear.octets()), float)
        loud = np.flatnonzero(np.abs(pcm) > 200)
        piece = pcm[loud[0] : loud[-1]]
        assert len(piece) == pytest.approx(800, abs=20)
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 8000))
        first = int(np.argmax(spectrum))
        spectrum[first - 60 : first + 60] = 0
        assert sorted((first, int(np.argmax(spectrum)))) == pytest.approx([2130, 2750], abs=10)

    run(story)


@pytest.mark.parametrize(
    ("key", "after_ms", "good"),
    [("D", 60, True), ("A", 60, True)] + [("5", 60, False), ("", 0, False), ("D", 700, False)],
)
def test_an_alert_in_talk_is_answered_by_a_key_in_time(key: str, after_ms: int, good: bool) -> None:
    async def story() -> None:
        world = World()
        audio = MediaLineAudio(world.near, "cn", world.clock)
        near, far = world.near.port(1), world.far.port(1)
        near.detect(True)
        asked = asyncio.ensure_future(audio.alert(Channel("T", 2, 1), AlertTone(80), "DA", 500))
        await asyncio.sleep((80 + after_ms) / 1000)
        if key:
            await far.dial(key, on_ms=60)
        assert await asked is good
        assert near.detecting and (not good or len(near.digits) == 0), "no key of the caller's"
        near.digits.clear()
        await far.dial("7")
        await asyncio.sleep(0.2)
        assert await near.digit(1) == "7"

    run(story)


def test_call_waiting_tone_is_sounded_once() -> None:
    async def story() -> None:
        world = World()
        ear = Ear(world.near.port(1))
        await ear.began
        audio = MediaLineAudio(world.far, "jp", world.clock)
        assert await audio.burst(Channel("T", 2, 1), "call_waiting")
        await asyncio.sleep(5)
        pcm = np.asarray(g711.alaw_decode(ear.octets()), float)
        loud = np.flatnonzero(np.abs(pcm) > 200)
        assert (loud[-1] - loud[0]) / 8 == pytest.approx(1050, abs=5)  # 500, 50, 450, 50

    run(story)
