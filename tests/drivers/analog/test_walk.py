"""Whole ports, telephones' and exchange lines', joined to each other and walked by chance.

Whatever both ends, their users and the wire between them do: each call ends with one Released, and
once everybody has let go every port is idle again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from drivers.base import DriverError, SetupRequest
from drivers.events import CallEvent, Number, Released
from drivers.signalling.analog import PortState
from dsp_ext.callerid import CallerId
from tests.drivers.analog.world import End, ends
from tests.drivers.world import JumpLoop

PORTS = (1, 2, 3)
ports = st.sampled_from(PORTS)
picks = st.integers(0, 50)
both = st.integers(0, 1)


class Walk(RuleBasedStateMachine):
    """`fxs`, `fxo` : what the two ends are set to."""

    fxs: dict[str, Any] = {"call_waiting": True}
    fxo: dict[str, Any] = {"call_waiting": True}

    def __init__(self) -> None:
        super().__init__()
        self.loop = JumpLoop()
        self.errors: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.errors.append(context))
        self.phones, self.lines = self.do(ends(self.fxs, self.fxo))
        self.ends: tuple[End, End] = (self.phones, self.lines)

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def ask(self, what: Any, *args: Any) -> None:
        """A request that the port may refuse, in the loop."""

        async def now() -> None:
            with contextlib.suppress(DriverError):
                what(*args)

        self.do(now())

    def live(self, end: End) -> list[int]:
        return sorted(end.line._refs)

    # ---- the layer above

    @rule(port=ports, withheld=st.booleans(), ring=st.sampled_from(("external", "queue")))
    def ring_a_telephone(self, port: int, withheld: bool, ring: str) -> None:
        calling = Number("13800138000", presentation=0x20 if withheld else 0)
        request = SetupRequest(port, Number(), calling, "Li", ring=ring)
        self.ask(self.phones.line.setup, request)

    @rule(port=st.sampled_from((0, *PORTS)), digits=st.sampled_from(("10086", "", "1*2")))
    def dial_on_a_line(self, port: int, digits: str) -> None:
        self.ask(self.lines.line.setup, SetupRequest(port, Number(digits)))

    @rule(which=both, pick=picks)
    def answer(self, which: int, pick: int) -> None:
        if refs := self.live(self.ends[which]):
            self.ask(self.ends[which].line.answer, refs[pick % len(refs)])

    @rule(which=both, pick=picks, cause=st.sampled_from((16, 17, 102)))
    def release(self, which: int, pick: int, cause: int) -> None:
        if refs := self.live(self.ends[which]):
            self.ask(self.ends[which].line.release, refs[pick % len(refs)], cause)

    @rule(which=both, port=ports)
    def restart(self, which: int, port: int) -> None:
        self.ask(self.ends[which].line.restart, port)

    @rule(port=ports, on=st.booleans())
    def messages(self, port: int, on: bool) -> None:
        self.ask(self.phones.line.set_message_waiting, port, on)

    # ---- sounds

    @rule(port=ports, word=st.sampled_from(("dial", "busy", "dial ended", "voice")))
    def hear(self, port: int, word: str) -> None:
        if port in self.lines.audio.ears:
            self.ask(self.lines.audio.ears[port], word)

    @rule(port=ports, number=st.sampled_from(("139", None, "P", "")))
    def hear_a_caller(self, port: int, number: str | None) -> None:
        caller = {None: None, "P": CallerId(number_absent="P"), "": CallerId()}
        if port in self.lines.audio.caller_ears:
            said = caller.get(number, CallerId(number=number))
            self.ask(self.lines.audio.caller_ears[port][1], said)

    @rule(port=ports, number=st.sampled_from(("139", None, "")))
    def hear_who_waits(self, port: int, number: str | None) -> None:
        if port in self.lines.audio.waiting_ears:
            said = CallerId(number=number) if number is not None else None
            self.ask(self.lines.audio.waiting_ears[port][2], said)

    @rule(which=both, whole=st.booleans(), hears=st.booleans(), answers=st.booleans())
    def audio(self, which: int, whole: bool, hears: bool, answers: bool) -> None:
        audio = self.ends[which].audio
        audio.whole, audio.hears, audio.answers = whole, hears, answers

    # ---- the wire and whoever is at its ends

    @rule(port=ports, on=st.booleans())
    def loop_closed(self, port: int, on: bool) -> None:
        """A telephone lifted or put down, against the will of its end."""
        self.ask(self.lines.span.set_hook, port, on)

    @rule(port=ports, on=st.booleans())
    def loop_fed(self, port: int, on: bool) -> None:
        self.ask(self.phones.span.set_hook, port, on)

    @rule(port=ports)
    def flash(self, port: int) -> None:
        self.ask(self.lines.span.flash, port)

    @rule(port=ports, digits=st.sampled_from(("1", "90")))
    def pulses(self, port: int, digits: str) -> None:
        self.ask(self.lines.span.dial_pulses, port, digits, (60, 40, 600))

    @rule(port=ports, on=st.booleans())
    def reverse(self, port: int, on: bool) -> None:
        self.ask(self.phones.span.set_polarity, port, on)

    @rule(port=ports, on=st.booleans())
    def bell(self, port: int, on: bool) -> None:
        self.ask(self.phones.span.set_ring, port, on)

    @rule(seconds=st.sampled_from((0.0, 0.01, 0.05, 0.1, 0.3, 1.0, 2.5, 6.0, 12.0, 61.0)))
    def wait(self, seconds: float) -> None:
        self.do(asyncio.sleep(seconds))

    # ---- what always holds

    @invariant()
    def nothing_failed(self) -> None:
        assert not self.errors, self.errors

    @invariant()
    def each_call_is_on_a_port_of_its_own(self) -> None:
        for end in self.ends:
            ports = end.line._ports.values()
            refs = [port.ref for port in ports if port.ref]
            refs += [port.second.ref for port in ports if port.second is not None]
            assert sorted(refs) == self.live(end)

    @invariant()
    def who_is_alone_has_a_second_call_waiting(self) -> None:
        for port in self.phones.audio.lone:
            assert self.phones.line.state(port) is PortState.WAITING

    @invariant()
    def alerts_are_answered_in_talk_alone(self) -> None:
        for port in self.lines.audio.waiting_ears:
            assert self.lines.line.state(port) in (PortState.TALKING, PortState.CLEARED)

    @invariant()
    def nothing_is_told_of_a_call_that_was_released(self) -> None:
        for end in self.ends:
            gone: set[int] = set()
            for event in end.log:
                if isinstance(event, CallEvent):
                    assert event.ref not in gone, event
                if isinstance(event, Released):
                    gone.add(event.ref)

    def teardown(self) -> None:
        """Everybody lets go: every port comes to rest, and each call has ended once."""
        self.do(self._let_go())
        for end in self.ends:
            told = Counter(event.ref for event in end.log if isinstance(event, Released))
            assert set(told.values()) <= {1}
            assert not self.live(end)
            states = {end.line.state(port) for port in PORTS}
            assert states == {PortState.IDLE}, states
        assert self.phones.audio.sounding == {}
        assert set(self.lines.audio.caller_ears) == (
            set(PORTS) if self.lines.line.settings.scheme else set()
        )
        self.nothing_failed()
        self.phones.line.stop()
        self.lines.line.stop()
        self.do(asyncio.sleep(0))
        self.loop.close()

    async def _let_go(self) -> None:
        for end in self.ends:
            end.audio.whole = end.audio.hears = True
        for port in PORTS:
            self.phones.span.set_ring(port, False)
        for _ in range(4):
            for end in self.ends:
                for ref in self.live(end):
                    with contextlib.suppress(DriverError):
                        end.line.release(ref, 16)
            for port in PORTS:
                self.phones.span.set_hook(port, True)
                self.lines.span.set_hook(port, False)
            await asyncio.sleep(15)


ACTS = st.lists(
    st.sampled_from(("flash", "flash", "down", "up", "release", "release_second", "wait")),
    min_size=3,
    max_size=9,
)


class SecondCalls(Walk):
    """Telephones in talk to whom a call comes, and what is then done with the two."""

    @rule(port=ports, acts=ACTS, pause=st.sampled_from((0.05, 0.4, 1.5)))
    def two_calls(self, port: int, acts: list[str], pause: float) -> None:
        self.do(self._two_calls(port, acts, pause))

    async def _two_calls(self, port: int, acts: list[str], pause: float) -> None:
        line, own = self.phones.line, self.phones.line._ports[port]
        self.lines.span.set_hook(port, True)
        await asyncio.sleep(0.1)
        for ask in (lambda: line.answer(own.ref), lambda: line.setup(SetupRequest(port, Number()))):
            with contextlib.suppress(DriverError):
                ask()
        for act in acts:
            second = own.second.ref if own.second is not None else 0
            with contextlib.suppress(DriverError):
                {
                    "flash": lambda: self.lines.span.flash(port),
                    "down": lambda: self.lines.span.set_hook(port, False),
                    "up": lambda: self.lines.span.set_hook(port, True),
                    "release": lambda: line.release(own.ref, 16),
                    "release_second": lambda at=second: line.release(at, 16),
                    "wait": lambda: None,
                }[act]()
            await asyncio.sleep(pause)


class PulsesAndPolarity(Walk):
    fxs = {
        "disconnect": ("polarity",),
        "polarity_on_answer": True,
        "caller_id": "bt",
        "call_waiting": (1, 3),
    }
    fxo = {
        "dial": "pulse",
        "disconnect": ("polarity", "busy"),
        "answer": "polarity",
        "caller_id": "etsi-ring",
    }


class Plain(Walk):
    fxs = {"disconnect": ("silence",), "caller_id": "dtmf-ac", "country": "us"}
    fxo = {"wait_dial_tone": False, "answer": "dialled", "caller_id": "off", "country": "us"}


def _case(machine: type[Walk]) -> Any:
    case = machine.TestCase
    case.settings = settings(
        max_examples=25,
        stateful_step_count=40,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    return case


TestWalk = _case(Walk)
TestSecondCalls = _case(SecondCalls)
TestPulsesAndPolarity = _case(PulsesAndPolarity)
TestPlain = _case(Plain)
