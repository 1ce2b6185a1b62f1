"""An engine whose core is really taken from it: a busy process of higher priority, a real clock.

What is judged is counted in ticks; `python -m bench starve` does the same with every level."""

from __future__ import annotations

import pytest

from bench.starve import Outcome, Unfit, starve


@pytest.fixture(scope="module")
def starved() -> Outcome:
    try:
        return starve(2)
    except Unfit as why:
        pytest.skip(f"this machine cannot show it: {why}")


def test_load_is_shed_in_the_stated_order_and_all_of_it_comes_back(starved: Outcome) -> None:
    assert starved.levels[:2] == [1, 2]
    assert starved.in_order and starved.levels[-1] == 0


def test_ticks_are_not_missed_meanwhile(starved: Outcome) -> None:
    # One in a hundred is what a host that is busy itself may cost; unshed it is every other one.
    assert starved.missed <= starved.ticks // 100
    assert starved.ticks > 1000


def test_no_digit_and_no_octet_is_lost(starved: Outcome) -> None:
    assert len(starved.digits) >= starved.ticks // 16 and starved.digits_missing == 0
    assert starved.octets_lost == 0


@pytest.mark.parametrize(
    ("levels", "in_order"),
    [([1, 2, 3, 2, 1, 0], True), ([1, 3], False), ([2], False), ([1, 2, 1, 2, 1, 0], True)],
)
def test_an_order_that_is_not_the_stated_one_is_seen(levels: list[int], in_order: bool) -> None:
    assert Outcome(1, levels=levels).in_order is in_order


@pytest.mark.parametrize(("digits", "missing"), [("59D159", 0), ("", 1), ("15D1", 2), ("1595", 1)])
def test_a_digit_that_was_not_heard_is_seen(digits: str, missing: int) -> None:
    assert Outcome(1, digits=digits).digits_missing == missing
