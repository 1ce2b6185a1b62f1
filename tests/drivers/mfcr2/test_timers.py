"""Every timer runs as long as its page says: brought about, and measured on the pair's clock."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.events import Alerting, ChannelState, Disconnected
from drivers.signalling.mfcr2.backward import BackwardState
from drivers.signalling.mfcr2.forward import ForwardState
from drivers.signalling.mfcr2.line import LineState
from drivers.signalling.mfcr2.outputs import StopTone
from drivers.signalling.mfcr2.variant import R2Settings, Timers
from tests.drivers.mfcr2.pair import Pair

PAGE = Path(__file__).parents[3] / "docs/mfcr2.md"
#: Timer → milliseconds, of the page's table; those of one variant alone are named behind.
ROWS = re.findall(r"^\| (`[a-z_`, ]+`) \| ([0-9, ]+) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
DEFAULTS = {
    name.strip("` "): int(ms)
    for names, values, _ in ROWS
    for name, ms in zip(names.split(","), values.split(","), strict=True)
}
OF_VARIANTS = {
    (names.strip("` "), variant): int(ms)
    for names, _, text in ROWS
    for variant, ms in re.findall(r"\b(itu|cn|ar|br|mx) (\d+)", text)
}


def until(pair: Pair, happens: Callable[[], object], most_ms: int = 150_000) -> int:
    """ms until it happens, to 2 ms or, of long ones, a thousandth."""
    begun = pair.now
    while not happens():
        waited = pair.now - begun
        assert waited * 1000 < most_ms, "it does not happen"
        pair.run(max(0.001, waited / 1000))
    return round((pair.now - begun) * 1000)


def line_is(pair: Pair, side: str, state: LineState) -> Callable[[], bool]:
    return lambda: pair.ends[side].line.state is state


def backward_is(pair: Pair, state: BackwardState) -> Callable[[], bool]:
    return lambda: pair.ends["b"].backward.state is state


def told(pair: Pair, side: str, kind: type) -> Callable[[], bool]:
    return lambda: bool(pair.of(side, kind))


def deaf(pair: Pair, side: str, kind: str) -> None:
    """The side gets no more bits, or tones."""
    if kind == "bits":
        pair.bits = lambda at, abcd: None if at == side else abcd
    else:
        pair.tones = lambda at, signal: None if at == side else signal


def undisturbed(pair: Pair) -> None:
    """Nobody above reacts to what is told."""
    pair._event = lambda side, event: pair.log[side].append(event)  # type: ignore[method-assign]


# ---- how each timer is brought about -> how long it ran


def _recognition() -> int:
    pair = Pair("itu")
    pair.take("b", pair.ends["b"].feed_bits(0b0001, pair.now))
    return until(pair, line_is(pair, "b", LineState.TAKEN))


def _fault() -> int:
    pair = Pair("itu")
    pair.talk(called="12")
    pair.take("a", pair.ends["a"].feed_bits(0b1001, pair.now))
    return until(pair, told(pair, "a", Disconnected))


def _seize_ack() -> int:
    pair = Pair("itu")
    deaf(pair, "b", "bits")
    pair.call()
    return until(pair, told(pair, "a", Disconnected))


def _seize_hold() -> int:
    pair = Pair("itu")
    deaf(pair, "b", "bits")
    pair.call()
    until(pair, line_is(pair, "a", LineState.NO_ACK))
    undisturbed(pair)
    return until(pair, lambda: pair.ends["a"].line.state is not LineState.NO_ACK)


def _double_seizure() -> int:
    pair = Pair("itu")
    for side in "ab":
        pair.call(side=side)
    until(pair, line_is(pair, "a", LineState.DOUBLE))
    return until(pair, line_is(pair, "a", LineState.CLEARING))


def _release_guard() -> int:
    pair = Pair("itu")
    pair.talk(called="12")
    pair.do("a", "release", 16)
    until(pair, line_is(pair, "b", LineState.GUARD))
    return until(pair, line_is(pair, "b", LineState.IDLE))


def _clear_forward() -> int:
    pair = Pair("itu")
    pair.talk(called="12")
    deaf(pair, "a", "bits")
    pair.do("a", "release", 16)
    return until(pair, lambda: not pair.of("a", ChannelState)[-1].in_service)


def _let_go() -> int:
    pair = Pair("itu")
    pair.talk(called="12")
    undisturbed(pair)
    pair.do("a", "release", 16)
    until(pair, line_is(pair, "b", LineState.CLEARED))
    return until(pair, line_is(pair, "b", LineState.GUARD))


def _answer(variant: str = "itu") -> int:
    pair = Pair(variant, dnis_length=2)
    pair.call("12")
    until(pair, told(pair, "a", Alerting))
    return until(pair, told(pair, "a", Disconnected))


def _answer_delay() -> int:
    pair = Pair("itu", dnis_length=2)
    pair.decide = lambda *_: None
    pair.call("12")
    until(pair, backward_is(pair, BackwardState.DECIDING))
    pair.do("b", "answer")
    until(pair, backward_is(pair, BackwardState.DONE))
    return until(pair, line_is(pair, "b", LineState.ANSWERED))


def _reanswer(variant: str = "itu") -> int:
    pair = Pair(variant, dnis_length=2)
    pair.talk(called="12")
    pair.take("a", pair.ends["a"].feed_bits(0b1101, pair.now))
    until(pair, lambda: pair.ends["a"].line.heard == 0b11)
    return until(pair, told(pair, "a", Disconnected))


def _clear_back() -> int:
    pair = Pair("itu", dnis_length=2)
    pair.talk(called="12")
    undisturbed(pair)
    pair.do("b", "release", 16)
    until(pair, line_is(pair, "a", LineState.OVER))
    return until(pair, lambda: pair.ends["a"].line.state is not LineState.OVER)


def _metering_pulse() -> int:
    pair = Pair("ar", dnis_length=2)
    pair.talk(called="12")
    pair.do("b", "meter")
    return until(pair, line_is(pair, "b", LineState.ANSWERED))


def _double_answer() -> int:
    pair = Pair("br", dnis_length=2, double_answer=True)
    pair.call("12")
    pair.run(5)
    pair.do("b", "answer")
    until(pair, line_is(pair, "b", LineState.FIRST_ANSWER))
    first = until(pair, line_is(pair, "b", LineState.GAP))
    gap = until(pair, line_is(pair, "b", LineState.ANSWERED))
    assert abs(first - gap) <= 4
    return gap


def _forward_on() -> int:
    pair = Pair("itu")
    deaf(pair, "b", "tones")
    pair.call()
    until(pair, lambda: pair.ends["a"].forward.state is ForwardState.SENDING)
    return until(pair, told(pair, "a", Disconnected))


def _forward_off() -> int:
    pair = Pair("cn", dnis_length=3, b={"timers": {"interdigit_ms": 60_000}})
    pair.call("12", "3")
    until(pair, lambda: pair.ends["a"].forward.state is ForwardState.WAITING)
    return until(pair, told(pair, "a", Disconnected))


def _backward_off() -> int:
    pair = Pair("itu")
    pair.tones = lambda side, signal: None if side == "a" and signal == 0 else signal
    pair.call()
    until(pair, lambda: pair.ends["a"].forward.state is ForwardState.ANSWERED)
    return until(pair, told(pair, "a", Disconnected))


def _register() -> int:
    pair = Pair("itu")
    deaf(pair, "b", "tones")
    pair.call()
    until(pair, backward_is(pair, BackwardState.LISTENING))
    undisturbed(pair)
    pair.bits = lambda side, abcd: None  # whatever the calling end makes of it
    return until(pair, backward_is(pair, BackwardState.GIVING_UP))


def _interdigit() -> int:
    pair = Pair("cn", ani="never")
    pair.call("6")
    until(pair, lambda: pair.ends["b"].backward.heard.called == "6")
    until(pair, backward_is(pair, BackwardState.LISTENING))
    return until(pair, backward_is(pair, BackwardState.PULSING))


def _pulse() -> int:
    pair = Pair("cn", ani="never")
    pair.call("6")
    until(pair, backward_is(pair, BackwardState.PULSING))
    stopped = pair.sent["b"].count(StopTone())
    return until(pair, lambda: pair.sent["b"].count(StopTone()) > stopped)


def _pulse_guard() -> int:
    pair = Pair("cn", ani="never")
    pair.call("6")
    until(pair, backward_is(pair, BackwardState.PULSING))
    deaf(pair, "b", "tones")
    return until(pair, backward_is(pair, BackwardState.LISTENING))


def _decide() -> int:
    pair = Pair("itu", dnis_length=2)
    pair.decide = lambda *_: None
    pair.call("12")
    until(pair, backward_is(pair, BackwardState.DECIDING))
    return until(pair, backward_is(pair, BackwardState.ANSWERING))


RUNS: dict[str, Callable[[], int]] = {
    f"{name.removeprefix('_')}_ms": run
    for name, run in list(globals().items())
    if name.startswith("_") and not name.startswith("__") and callable(run)
}


def test_every_timer_has_its_row_on_the_page_and_is_tried() -> None:
    fields = {field.name for field in dataclasses.fields(Timers)}
    assert fields == set(DEFAULTS) == set(RUNS)


@pytest.mark.parametrize("timer", sorted(RUNS))
def test_a_timer_runs_as_long_as_the_page_says(timer: str) -> None:
    due = DEFAULTS[timer]
    assert due - 2 <= RUNS[timer]() <= due * 1.002 + 3


@pytest.mark.parametrize(("timer", "variant"), sorted(OF_VARIANTS))
def test_what_a_variant_has_of_its_own_is_on_the_page(timer: str, variant: str) -> None:
    due = OF_VARIANTS[timer, variant]
    run = {"answer_ms": _answer, "reanswer_ms": _reanswer}[timer]
    assert due - 2 <= run(variant) <= due * 1.002 + 3


def test_the_page_has_all_that_variants_have_of_their_own() -> None:
    for variant in ("itu", "cn", "ar", "br", "mx"):
        _, _, timers = R2Settings(variant=variant).resolve()
        for name, ms in dataclasses.asdict(timers).items():
            assert ms == OF_VARIANTS.get((name, variant), DEFAULTS[name]), (variant, name)
