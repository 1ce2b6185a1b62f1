"""Trunk groups: hunting, channels kept for one direction, numbers, and what comes after."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.base import Channel
from drivers.cause import Cause
from drivers.events import Number
from mediaserver.call.dialler import Dialler, Target
from mediaserver.call.lines import NoChannel
from mediaserver.call.numbering import TYPES, NumberRule, outgoing
from mediaserver.call.routing import Fit, fit
from mediaserver.call.trunks import TrunkGroup, TrunkSettings


@dataclass
class Slot:
    channel: Channel
    usable: bool = True
    idle_since_ms: int = 0
    signalling: object = None


@dataclass
class Span:
    alarms: frozenset = frozenset()


@dataclass
class Signalling:
    up: bool = True
    span: Span = field(default_factory=Span)


class Lines:
    """Spans of four channels each; only what a trunk group looks at."""

    def __init__(self, *spans: str) -> None:
        self.signalling = Signalling()
        self.of = {
            span: [Slot(Channel(span, n), signalling=self.signalling) for n in range(1, 5)]
            for span in spans
        }

    def slots(self, span: str) -> list[Slot]:
        return self.of[span]


def group(lines: Lines, *spans: str, **settings: object) -> TrunkGroup:
    return TrunkGroup("g", spans or ["A"], TrunkSettings(**settings), lines)


def picked(trunks: TrunkGroup, count: int) -> list[str]:
    """Names of `count` channels picked one after the other, each taken and not given back."""
    names = []
    for _ in range(count):
        slot = trunks.pick()
        slot.usable = False
        names.append(slot.channel.name)
    return names


def test_hunting_goes_up_down_or_by_the_longest_idle() -> None:
    assert picked(group(Lines("A", "B"), "A", "B"), 5) == ["A/1", "A/2", "A/3", "A/4", "B/1"]
    assert picked(group(Lines("A"), select="descending"), 2) == ["A/4", "A/3"]
    lines = Lines("A")
    for slot, since in zip(lines.of["A"], (30, 10, 20, 40), strict=True):
        slot.idle_since_ms = since
    assert picked(group(lines, select="least-used"), 2) == ["A/2", "A/3"]


def test_cyclic_hunting_goes_on_from_where_it_was_and_round() -> None:
    trunks = group(Lines("A"), select="cyclic")
    names = []
    for _ in range(6):
        names.append(trunks.pick().channel.name)  # given back at once
        assert trunks.can_carry()  # asking does not count as a turn
    assert names == ["A/1", "A/2", "A/3", "A/4", "A/1", "A/2"]


def test_channels_kept_for_incoming_calls_are_not_taken() -> None:
    trunks = group(Lines("A"), keep_for_incoming=2)
    assert picked(trunks, 2) == ["A/1", "A/2"]
    assert not trunks.can_carry()
    with pytest.raises(NoChannel) as refused:
        trunks.pick()
    assert refused.value.cause == Cause.NO_CHANNEL


def test_incoming_calls_leave_the_channels_kept_for_outgoing_ones() -> None:
    lines = Lines("A")
    trunks = group(lines, keep_for_outgoing=2)
    for slot, fine in zip(lines.of["A"], (True, True, False, False), strict=True):
        slot.usable = False
        assert trunks.may_come_in() is fine


def test_a_group_that_is_down_says_so() -> None:
    lines = Lines("A")
    lines.signalling.up = False
    for slot in lines.of["A"]:
        slot.usable = False
    with pytest.raises(NoChannel) as refused:
        group(lines).pick()
    assert refused.value.cause == Cause.NETWORK_OUT_OF_ORDER


RULES = (
    NumberRule("00*", strip=2, type="international"),
    NumberRule("0X*", strip=1, type="national"),
    NumberRule("XXXXXXXX", prepend="010", type="national"),
)


@pytest.mark.parametrize(
    ("number", "sent"),
    [
        ("0044201234", Number("44201234", ton=1)),
        ("01088886666", Number("1088886666", ton=2)),
        ("66880001", Number("01066880001", ton=2)),
        ("110", Number("110", ton=0)),
    ],
)
def test_the_first_rule_that_fits_makes_the_number(number: str, sent: Number) -> None:
    assert outgoing(number, RULES) == sent


PATTERNS = st.from_regex(r"[1X]{0,3}\*?", fullmatch=True)
ANY_RULES = st.lists(
    st.builds(
        NumberRule,
        match=PATTERNS,
        strip=st.integers(0, 5),
        prepend=st.text("09#", max_size=3),
        type=st.sampled_from(sorted(TYPES)),
    ),
    max_size=4,
)


@given(st.text("12#", max_size=4), ANY_RULES)
def test_a_number_goes_out_by_the_first_rule_a_regular_expression_finds_too(
    number: str, rules: list[NumberRule]
) -> None:
    for rule in rules:
        if re.fullmatch(rule.match.replace("*", ".*").replace("X", "[0-9]"), number):
            expected = Number(rule.prepend + number[rule.strip :], ton=TYPES[rule.type])
            break
    else:
        expected = Number(number)
    assert outgoing(number, rules) == expected


@given(PATTERNS, st.text("12#", max_size=4))
def test_a_pattern_says_whether_more_digits_may_fit(pattern: str, digits: str) -> None:
    shape = re.compile(pattern.replace("*", ".*").replace("X", "[0-9]"))
    missing = max(0, len(pattern.rstrip("*")) - len(digits))
    later = [
        shape.fullmatch(digits + "".join(more)) for more in itertools.product("012", repeat=missing)
    ]
    now, more = shape.fullmatch(digits), shape.fullmatch(digits + "1") or pattern.endswith("*")
    if now:
        assert fit(pattern, digits) is (Fit.OPEN if more else Fit.FULL)
    else:
        assert fit(pattern, digits) is (Fit.PARTIAL if missing and any(later) else Fit.NONE)


def test_the_caller_shown_is_the_trunks_own_where_it_has_one() -> None:
    assert group(Lines("A")).calling("8001") == Number("8001")
    own = group(Lines("A"), caller="66880000", caller_type="subscriber")
    assert own.calling("8001") == Number("66880000", ton=4)


def test_a_full_group_is_followed_by_the_next_and_no_circle_is_walked_twice() -> None:
    lines = Lines("A", "B")
    groups = {
        "a": TrunkGroup("a", ["A"], TrunkSettings(then="b"), lines),
        "b": TrunkGroup("b", ["B"], TrunkSettings(then="a"), lines),
    }
    dialler = Dialler(lines, groups)
    target = Target("x", trunk="a", number="1")
    assert [way.name for way in dialler._ways(target)] == ["a", "a", "b", "b"]
    for slot in lines.of["A"]:
        slot.usable = False
    assert dialler.reachable(target)
    for slot in lines.of["B"]:
        slot.usable = False
    assert not dialler.reachable(target)
