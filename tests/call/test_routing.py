"""Called numbers against routes, whole and digit by digit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mediaserver.call.routing import Fit, Route, Routing, fit

digits = st.text("0123456789", max_size=12)
patterns = st.builds(
    lambda body, star: body + star, st.text("0123456789X", max_size=8), st.sampled_from(["", "*"])
)


def test_fixed_patterns() -> None:
    assert fit("66880X", "668807") is Fit.FULL
    assert fit("66880X", "6688") is Fit.PARTIAL
    assert fit("66880X", "6688077") is Fit.NONE
    assert fit("66880X", "66990") is Fit.NONE


def test_open_patterns() -> None:
    assert fit("9*", "9") is Fit.OPEN
    assert fit("9*", "9123") is Fit.OPEN
    assert fit("9*", "") is Fit.PARTIAL


@given(patterns, digits)
def test_a_number_that_fits_does_so_from_the_first_digit_on(pattern: str, number: str) -> None:
    if fit(pattern, number) in (Fit.FULL, Fit.OPEN):
        for length in range(len(number)):
            assert fit(pattern, number[:length]) in (Fit.PARTIAL, Fit.OPEN)


@given(patterns, digits, st.sampled_from("0123456789"))
def test_what_does_not_fit_never_will(pattern: str, number: str, more: str) -> None:
    if fit(pattern, number) is Fit.NONE:
        assert fit(pattern, number + more) is Fit.NONE


def test_the_first_route_wins_and_the_trunk_counts() -> None:
    inside = Route("8*", out="pbx", trunk="")
    vip = Route("8001", flow="vip", trunk="pstn")
    routing = Routing([vip, inside])
    assert routing.decide("8001", "pstn").route is vip
    assert routing.decide("8001", "").route is inside


def test_a_longer_number_may_still_be_meant() -> None:
    routing = Routing([Route("800123", flow="long"), Route("8001", flow="short")])
    verdict = routing.decide("8001", "")
    assert verdict.fit is Fit.OPEN
    assert verdict.route is not None and verdict.route.flow == "short"
    assert routing.decide("800123", "").fit is Fit.FULL
    assert routing.decide("7", "").fit is Fit.NONE
    assert routing.decide("80", "").fit is Fit.PARTIAL
