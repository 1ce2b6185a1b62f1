"""G.826's seconds: severely errored, unavailable, and the ten that belong to what they begin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mediaserver.linedoctor.g826 import (
    TURN,
    Availability,
    Second,
    Totals,
    quarter_of,
    totals_of,
)

START = datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC)
#: What a second can be: clean, errored, severely by blocks, by a defect.
KINDS = {"c": (0, False), "e": (7, False), "s": (300, False), "d": (0, True)}


def totals(text: str) -> Totals:
    availability, total = Availability(), Totals()
    for at, kind in enumerate(text):
        blocks, defect = KINDS[kind]
        second = Second(START + timedelta(seconds=at), blocks, defect)
        for sure, available in availability.add(second):
            total.add(totals_of(sure, available))
    for sure, available in availability.end():
        total.add(totals_of(sure, available))
    return total


def simple(text: str) -> tuple[int, int, int]:
    """(ES, SES, UAS) by looking ahead, as the standard words it."""
    severe = [kind in "sd" for kind in text]
    unavailable = [False] * len(text)
    down = False
    for at in range(len(text)):
        ahead = severe[at : at + TURN]
        if not down and len(ahead) == TURN and all(ahead):
            down = True
        elif down and len(ahead) == TURN and not any(ahead):
            down = False
        unavailable[at] = down
    usable = [kind for kind, out in zip(text, unavailable, strict=True) if not out]
    es = sum(kind != "c" for kind in usable)
    return es, sum(kind in "sd" for kind in usable), sum(unavailable)


def counted(text: str) -> tuple[int, int, int]:
    found = totals(text)
    assert found.seconds == len(text)
    return found.es, found.ses, found.uas


def test_nine_severe_seconds_are_severe_and_ten_are_unavailable() -> None:
    assert counted("c" * 20 + "s" * 9 + "c" * 20) == (9, 9, 0)
    assert counted("c" * 20 + "s" * 10 + "c" * 20) == (0, 0, 10)
    assert counted("c" * 20 + "d" * 15 + "c" * 20) == (0, 0, 15)


def test_unavailable_time_ends_before_ten_good_seconds() -> None:
    assert counted("d" * 12 + "c" * 9 + "d" + "e" * 10 + "c") == (10, 0, 22)


def test_errors_in_unavailable_time_are_not_errored_seconds() -> None:
    assert counted("s" * 12 + "e" * 9) == (0, 0, 21)


def test_background_errors_are_those_of_seconds_not_severe() -> None:
    assert totals("ccesc").bbe == 7
    assert totals("s" * 30).bbe == 0


@given(st.text(alphabet="cesd", max_size=120))
def test_counts_are_those_of_looking_ahead(text: str) -> None:
    assert counted(text) == simple(text)


@given(st.lists(st.sampled_from(["c" * 7, "s" * 11, "d" * 4, "e" * 12, "c" * 15]), max_size=14))
def test_long_stretches_too(parts: list[str]) -> None:
    text = "".join(parts)
    assert counted(text) == simple(text)


def test_slips_and_gaps_count_at_any_time() -> None:
    availability, total = Availability(), Totals()
    for at in range(15):
        second = Second(START + timedelta(seconds=at), 1000, True, slips=1, lost_ms=2)
        for sure, available in availability.add(second):
            total.add(totals_of(sure, available))
    assert (total.slips, total.lost_ms, total.uas) == (15, 30, 15)
    assert not total.clean and Totals(seconds=9).clean


def test_quarters_begin_on_the_quarter() -> None:
    assert quarter_of(START + timedelta(minutes=44, seconds=59)) == START + timedelta(minutes=30)
    assert quarter_of(START) == START
