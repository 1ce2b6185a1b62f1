"""Random wishes, tones, bits, losses and time on two circuits: always an end, always idle."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.drivers.mfcr2.pair import VARIANTS, Pair, each_ended_once
from tests.drivers.mfcr2.test_faults import settle

SIDE = st.sampled_from(["a", "b"])
DIGITS = st.text("0123456789", min_size=1, max_size=4)


class TwoCircuits(RuleBasedStateMachine):
    """One pair of circuits; whatever was done to it, it settles and carries a call."""

    @initialize(
        variant=st.sampled_from(VARIANTS),
        length=st.sampled_from([0, 2]),
        ani=st.sampled_from(["", "early", "late", "never"]),
        forced=st.sampled_from([None, True, False]),
        twice=st.booleans(),
    )
    def begin(self, variant: str, length: int, ani: str, forced: bool | None, twice: bool) -> None:
        self.pair = Pair(
            variant, dnis_length=length, ani=ani, forced_release=forced, double_answer=twice
        )

    @rule(side=SIDE, called=DIGITS, calling=DIGITS | st.just(""), complete=st.booleans())
    def call(self, side: str, called: str, calling: str, complete: bool) -> None:
        if self.pair.ends[side].idle:
            self.pair.call(called, calling, side, complete=complete)

    @rule(side=SIDE, what=st.sampled_from(["alerting", "answer", "meter"]))
    def wish(self, side: str, what: str) -> None:
        self.pair.do(side, what)

    @rule(side=SIDE, cause=st.integers(1, 127))
    def release(self, side: str, cause: int) -> None:
        self.pair.do(side, "release", cause)

    @rule(side=SIDE, more=st.text("0123456789", max_size=3))
    def digits(self, side: str, more: str) -> None:
        self.pair.do(side, "digits", more)

    @rule(side=SIDE, on=st.booleans())
    def block(self, side: str, on: bool) -> None:
        self.pair.do(side, "block", on)

    @rule(side=SIDE, signal=st.integers(0, 15))
    def tone(self, side: str, signal: int) -> None:
        pair = self.pair
        pair.take(side, pair.ends[side].feed_tone(signal, pair.now))

    @rule(side=SIDE, abcd=st.integers(0, 15))
    def bits(self, side: str, abcd: int) -> None:
        pair = self.pair
        pair.take(side, pair.ends[side].feed_bits(abcd, pair.now))

    @rule(side=SIDE)
    def alarm(self, side: str) -> None:
        self.pair.do(side, "alarm", 38)
        self.pair.do(side, "start", self.pair.line[side])

    @rule(lost=st.sampled_from(["", "bits", "tones"]))
    def cut(self, lost: str) -> None:
        self.pair.bits = lambda _, abcd: None if lost == "bits" else abcd
        self.pair.tones = lambda _, signal: None if lost == "tones" else signal

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.05, 0.3, 1.0, 4.0, 20.0, 200.0]))
    def wait(self, seconds: float) -> None:
        self.pair.run(seconds)

    @precondition(lambda self: hasattr(self, "pair"))
    @invariant()
    def calls_end_once(self) -> None:
        for side in "ab":
            assert list(each_ended_once(self.pair.log[side])) == []

    def teardown(self) -> None:
        if hasattr(self, "pair"):
            for side in "ab":
                self.pair.do(side, "block", False)
            settle(self.pair)


def test_a_thousand_random_steps_end_idle() -> None:
    run_state_machine_as_test(
        TwoCircuits,
        settings=settings(
            max_examples=100,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
