"""How `python -m bench starve` judges an engine whose core is really taken from it.

That run needs real-time priority and a quiet host, so it is a bench; what the engine leaves out
when ticks take too long is tested on a clock of our own in test_shed.py."""

from __future__ import annotations

import pytest

from bench.starve import Outcome


@pytest.mark.parametrize(
    ("levels", "in_order"),
    [([1, 2, 3, 2, 1, 0], True), ([1, 3], False), ([2], False), ([1, 2, 1, 2, 1, 0], True)],
)
def test_an_order_that_is_not_the_stated_one_is_seen(levels: list[int], in_order: bool) -> None:
    assert Outcome(1, levels=levels).in_order is in_order


@pytest.mark.parametrize(("digits", "missing"), [("59D159", 0), ("", 1), ("15D1", 2), ("1595", 1)])
def test_a_digit_that_was_not_heard_is_seen(digits: str, missing: int) -> None:
    assert Outcome(1, digits=digits).digits_missing == missing
