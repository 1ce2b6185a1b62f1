"""A story's words and lanes, from every event a call can have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from mediaserver import events as ev
from tests.web.world import told
from web.i18n import cause, offset_ms, span_ms, word
from web.story import Story, tell, words

CALL_EVENTS = [*ev.CallEvent.__subclasses__(), ev.AgentChanged]


@dataclass
class Row:
    seq: int
    media_ms: int
    utc: datetime
    kind: str
    data: dict[str, Any]


@pytest.fixture(params=["en", "zh"])
def language(app: Flask, request: pytest.FixtureRequest) -> Iterator[str]:
    with app.test_request_context(headers={"Accept-Language": request.param}):
        yield request.param


def story() -> Story:
    rows = []
    for seq, (offset, make) in enumerate(told("c", 0)):
        event = make(media_ms=5000 + offset, utc=datetime(2026, 1, 5, tzinfo=UTC))
        rows.append(Row(seq, event.media_ms, event.utc, type(event).__name__, event.data()))
    return tell(rows)


@pytest.mark.parametrize("kind", CALL_EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_has_words(kind: type[ev.Event], language: str) -> None:
    sample = {f.name: "x" for f in fields(kind)}
    numbers = {
        "cause": 16,
        "position": 1,
        "waited_ms": 1,
        "duration_ms": 1,
        "stayed_ms": 1,
        "lost_octets": 7,
    }
    said = words(kind.__name__, {k: v for k, v in (sample | numbers).items() if k in sample})
    assert said.text and kind.__name__ not in said.text
    assert words(kind.__name__, {}).text  # a row with nothing in it breaks no page


@pytest.mark.parametrize("what", ev.LINE_TOLD)
def test_all_that_an_exchange_tells_has_words(what: str, language: str) -> None:
    said = words("LineTold", {"what": what, "text": "8101"})
    assert said.text != f"{what} 8101"


def test_an_unknown_event_is_still_told(language: str) -> None:
    said = words("Teleported", {"to": "Mars", "empty": ""})
    assert said.text == "Teleported to: Mars" and said.minor


def test_times_count_from_the_calls_beginning(language: str) -> None:
    whole = story()
    assert whole.lines[0].at_ms == 0 and whole.lines[0].media_ms == 5000
    assert whole.length_ms == 12_120
    assert whole.recording_ms == {"rec00000000": 240}
    assert [line.seq for line in whole.lines] == list(range(len(whole.lines)))


def test_lanes_are_each_legs_states(language: str) -> None:
    caller, bob, alice = story().lanes
    assert [(s.state, s.start_ms, s.end_ms) for s in caller.stretches] == [
        ("offered", 0, 230),
        ("connected", 230, 11_800),
        ("clearing", 11_800, 11_900),
    ]
    assert bob.cause == 19 and bob.stretches[-1].state == "alerting"
    assert alice.party == "alice" and alice.stretches[-1].end_ms == 12_050


def test_a_leg_that_goes_on_reaches_to_the_end(language: str) -> None:
    rows = [
        Row(0, 0, datetime.now(UTC), "LegChanged", {"leg_id": "a", "new": "connected"}),
        Row(1, 900, datetime.now(UTC), "PromptPlayed", {"prompt": "x", "outcome": "done"}),
    ]
    (lane,) = tell(rows).lanes
    assert [(s.start_ms, s.end_ms) for s in lane.stretches] == [(0, 900)]


def test_a_call_without_a_story_is_an_empty_one(language: str) -> None:
    assert tell([]) == Story([], [], 0, {})


def test_spoken_text_is_shown_without_its_mark(language: str) -> None:
    said = words("PromptPlayed", {"prompt": "say:Welcome", "outcome": "done"})
    assert "Welcome" in said.text and "say:" not in said.text


def test_secret_digits_stay_dots(language: str) -> None:
    assert "••••" in words("DigitsKeyed", {"digits": "••••", "outcome": "collected"}).text


def test_codes_without_a_word_are_shown_as_they_are(language: str) -> None:
    assert word("call", "levitating") == "levitating"
    assert word("call", None) == ""
    assert cause(113) == "113" and cause(None) == ""
    assert cause(16).endswith("(16)")


@pytest.mark.parametrize(
    ("ms", "short", "long"),
    [
        (0, "0:00", "0:00.000"),
        (499, "0:00", "0:00.499"),
        (59_999, "1:00", "0:59.999"),
        (3_661_000, "1:01:01", "61:01.000"),
    ],
)
def test_times_as_people_write_them(ms: int, short: str, long: str) -> None:
    assert (span_ms(ms), offset_ms(ms)) == (short, long)
    assert span_ms(None) == "–" and offset_ms(-1500) == "-0:01.500"
