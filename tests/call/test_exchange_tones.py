"""What an exchange's tones make of a call: the table, and a leg whose line is heard."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cause import Cause
from drivers.events import Alerting, Connected, Disconnected
from dsp_ext.progress_plan import BusyTone
from mediaserver.call.exchange_tones import TABLE, ExchangeTones, Heard, Hears
from mediaserver.call.leg import LegState
from mediaserver.media.busytone import BusyTones
from mediaserver.media.errors import MediaError
from mediaserver.media.tones import ToneEvent

WORDS = sorted({word for row in TABLE.values() for word in row} | {"dial ended", "cng", "modem"})


class Line:
    """A leg and its port, as far as tones see them."""

    def __init__(self, refuses: bool = False) -> None:
        self.media, self.channel, self.line, self.ref = self, self, "FXO-1/1", 7
        self.span = "FXO-1"
        self.state = LegState.CONNECTED
        self.told: list[Any] = []
        self.plan = ""
        self.listener: Any = None
        self._refuses = refuses

    @property
    def alive(self) -> bool:
        return self.state is not LegState.CLEARING

    def progress(self, plan: str, *, known: BusyTone | None = None) -> None:
        if self._refuses or (known is not None and known.sound == 0):
            raise MediaError("progress cn: all 0 slots are taken")
        self.plan, self.known = plan, known

    def on_busy(self, listener: Any) -> None:
        self.learned = listener

    def on_tone(self, listener: Any) -> None:
        self.listener = listener

    def on_line(self, event: Any) -> None:
        self.told.append(event)
        becomes = {Disconnected: LegState.CLEARING, Connected: LegState.CONNECTED}
        self.state = becomes.get(type(event), self.state)

    def hears(self, *words: str) -> None:
        for word in words:
            tone, _, ended = word.partition(" ")
            self.listener(ToneEvent(tone, (), 0, 1000, -12.0, bool(ended)))


def listening(outgoing: bool) -> tuple[Line, ExchangeTones, list[str]]:
    line, told = Line(), []
    tones = ExchangeTones(line, "cn", outgoing, lambda leg, event: told.append(event.tone))  # type: ignore[arg-type]
    assert line.plan == "cn"
    return line, tones, told


@pytest.mark.parametrize(
    ("outgoing", "heard", "cause"),
    [
        (True, ["busy"], Cause.USER_BUSY),
        (True, ["dial", "dial ended", "congestion"], Cause.CONGESTION),
        (True, ["sit"], Cause.UNALLOCATED),
        (True, ["learned_busy"], Cause.USER_BUSY),
        (True, ["ringback", "busy"], Cause.NO_ANSWER),
        (True, ["ringback", "ringback ended", "busy"], Cause.NORMAL),
        (True, ["ringback", "voice", "learned_busy"], Cause.NORMAL),
        (True, ["voice", "dial"], Cause.NORMAL),
        (False, ["busy"], Cause.NORMAL),
        (False, ["congestion"], Cause.NORMAL),
    ],
)
def test_tones_clear_the_call_with_the_cause_they_stand_for(
    outgoing: bool, heard: list[str], cause: Cause
) -> None:
    line, tones, _ = listening(outgoing)
    line.hears(*heard)
    assert line.told == [Disconnected("FXO-1", 7, int(cause), inband=True)]
    assert tones.hears is Hears.GONE


def test_dial_tone_before_an_answer_and_fax_in_a_call_change_nothing() -> None:
    line, tones, told = listening(outgoing=True)
    line.hears("dial", "dial ended", "ringback", "voice", "cng", "modem")
    assert line.told == [] and tones.hears is Hears.TALKING
    assert told == ["dial", "ringback", "voice", "cng", "modem"]


def counting(answer: str, busy: bool = True, state: LegState = LegState.PROCEEDING) -> Line:
    line = Line()
    line.state = state
    counts = Heard(answer, busy)
    ExchangeTones(line, "cn", True, lambda leg, event: None, counts)  # type: ignore[arg-type]
    return line


@pytest.mark.parametrize("sign", ["voice", "ringback ended"])
def test_tones_tell_ringing_and_the_answer(sign: str) -> None:
    line = counting("tones")
    line.hears("ringback", sign)
    assert line.told[:2] == [Alerting("FXO-1", 7, inband=True), Connected("FXO-1", 7)]


def test_where_polarity_tells_the_answer_voice_does_not() -> None:
    line = counting("polarity")
    line.hears("ringback", "voice", "busy")
    assert line.told == [Disconnected("FXO-1", 7, int(Cause.USER_BUSY), inband=True)]


def test_after_an_answer_the_line_told_tones_mean_the_end() -> None:
    line = counting("polarity", state=LegState.CONNECTED)
    line.hears("busy")
    assert line.told == [Disconnected("FXO-1", 7, int(Cause.NORMAL), inband=True)]


def test_tones_end_no_call_where_something_else_does() -> None:
    line = counting("tones", busy=False)
    line.hears("voice", "busy", "dial")
    assert line.told == [Connected("FXO-1", 7)]


def test_what_is_dialled_and_comes_back_is_no_answer() -> None:
    line = counting("tones", state=LegState.DIALLING)
    line.hears("voice", "voice ended")
    assert line.told == []


def test_nothing_is_heard_on_a_line_that_is_not_seized() -> None:
    line, _, told = listening(outgoing=False)
    line.state = LegState.OFFERED
    line.hears("busy")
    assert line.told == told == []


def test_without_a_detector_the_call_goes_on() -> None:
    line = Line(refuses=True)
    ExchangeTones(line, "cn", True, lambda leg, event: None)  # type: ignore[arg-type]
    assert line.listener is None and line.told == []


@given(st.booleans(), st.lists(st.sampled_from(WORDS), max_size=12))
def test_whatever_is_heard_a_call_is_cleared_at_most_once(outgoing: bool, heard: list[str]) -> None:
    line, _, _ = listening(outgoing)
    line.hears(*heard)
    assert len(line.told) <= 1


@pytest.mark.parametrize("fits", [True, False])
def test_a_lines_own_busy_tone_is_listened_for_and_a_new_one_kept(fits: bool) -> None:
    tone = BusyTone("cn", 25 if fits else 0, 625.0, 260, 270)
    own = BusyTones()
    own.learned("FXO-1/1", tone)
    line = Line()
    ExchangeTones(line, "cn", False, lambda leg, event: None, busy=own)  # type: ignore[arg-type]
    assert (line.plan, line.known) == ("cn", tone if fits else None)
    line.learned(tone._replace(on_ms=300))
    assert own.known("FXO-1/1") == tone._replace(on_ms=300)
    ExchangeTones(line, "us", False, lambda leg, event: None, busy=own)  # type: ignore[arg-type]
    assert (line.plan, line.known) == ("us", None)
