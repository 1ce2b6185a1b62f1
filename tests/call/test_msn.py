"""Which numbers a line answers to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cause import Cause
from mediaserver.call.msn import EVERY_NUMBER, OwnNumbers
from mediaserver.call.routing import Fit

TWO = OwnNumbers(("6688", "70*"))


@pytest.mark.parametrize(
    ("digits", "complete", "how"),
    [
        ("6688", True, Fit.FULL),
        ("6688", False, Fit.FULL),
        ("66", False, Fit.PARTIAL),
        ("66", True, Fit.NONE),
        ("66880", False, Fit.NONE),
        ("70", False, Fit.OPEN),
        ("7012345", True, Fit.OPEN),
        ("7", False, Fit.PARTIAL),
        ("9", False, Fit.NONE),
        ("", False, Fit.PARTIAL),
        ("", True, Fit.FULL),  # for every terminal of the line
    ],
)
def test_numbers_of_a_line(digits: str, complete: bool, how: Fit) -> None:
    assert TWO.fit(digits, complete) is how


@given(st.text("0123456789"), st.booleans())
def test_a_line_without_numbers_answers_to_all(digits: str, complete: bool) -> None:
    assert EVERY_NUMBER.fit(digits, complete) is Fit.FULL


@given(st.text("0123456789", max_size=8), st.text("0123456789", max_size=4))
def test_what_can_never_fit_does_not_fit_later(digits: str, more: str) -> None:
    if TWO.fit(digits, False) is Fit.NONE:
        assert TWO.fit(digits + more, False) is Fit.NONE


def test_what_other_calls_are_cleared_with() -> None:
    assert TWO.cause == Cause.UNALLOCATED
    assert OwnNumbers(("1",), leave=True).cause == Cause.NON_SELECTED
