"""Telephones and exchange lines over the virtual board."""

from __future__ import annotations

import asyncio

import pytest

from drivers import registry
from drivers.base import DriverError, SetupRequest
from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.events import (
    Alerting,
    CallEvent,
    ChannelState,
    Connected,
    Disconnected,
    Flash,
    Number,
    Released,
    Setup,
)
from drivers.signalling.analog import TABLES, FxoSignalling, FxsSignalling, PortState
from drivers.signalling.analog.hook import HookReader
from tests.drivers.world import StillWire, run


class Side:
    def __init__(self, span) -> None:
        self.span = span
        self.log: list = []
        self.line = registry.signalling("analog", span, self.log.append)
        self.line.start()

    def calls(self) -> list[str]:
        return [type(e).__name__ for e in self.log if isinstance(e, CallEvent)]

    def last(self, kind):
        return [event for event in self.log if type(event) is kind][-1]


async def lines():
    """(board, FXS side, FXO side): as telephones are wired, and as exchange lines are."""
    near, far = make_pair([SpanSpec.of("fxs", "P", "T", 4)], wire=StillWire)
    fxs, fxo = Side(near.span("P")), Side(far.span("T"))
    await asyncio.sleep(0.1)
    return near, fxs, fxo


def test_a_telephone_is_called_answers_and_hangs_up():
    async def scenario():
        _, phone, other = await lines()
        calling = Number("13800138000")
        ref = phone.line.setup(SetupRequest(2, Number(), calling, "Wang"))
        await asyncio.sleep(5)
        offered = other.last(Setup)
        assert (offered.channel, offered.calling.digits, offered.name) == (2, "13800138000", "Wang")
        other.line.answer(offered.ref)
        await asyncio.sleep(0.1)
        assert phone.calls() == ["Alerting", "Connected"]
        other.line.release(offered.ref, 16)
        await asyncio.sleep(0.4)  # longer than a flash
        assert phone.last(Released) == Released("P", ref, 16)
        assert phone.line.is_idle(2) and not other.line.is_idle(2)
        await asyncio.sleep(1)  # the line's guard
        assert other.line.is_idle(2)

    run(scenario())


def test_the_caller_gives_up_before_the_answer():
    async def scenario():
        _, phone, other = await lines()
        ref = phone.line.setup(SetupRequest(1, Number()))
        await asyncio.sleep(1)
        phone.line.release(ref, 16)
        await asyncio.sleep(0.1)
        assert other.calls() == ["Setup", "Released"] and other.last(Released).cause == 16
        with pytest.raises(DriverError):
            phone.line.release(ref, 16)

    run(scenario())


def test_a_telephone_calls_flashes_and_is_cleared_by_us():
    async def scenario():
        _, phone, other = await lines()
        far = other.line.setup(SetupRequest(3, Number("123")))
        await asyncio.sleep(0.1)
        assert other.calls() == ["Proceeding", "Connected"]
        offered = phone.last(Setup)
        assert offered.called == Number() and not offered.complete
        phone.line.answer(offered.ref)
        other.span.flash(3)
        await asyncio.sleep(0.2)
        assert phone.last(Flash).ref == offered.ref
        phone.line.release(offered.ref, 16)
        await asyncio.sleep(0.3)
        assert phone.line.state(3) is PortState.PARKED
        assert not phone.last(ChannelState).in_service
        with pytest.raises(DriverError) as busy:
            phone.line.setup(SetupRequest(3, Number()))
        assert busy.value.cause == 17
        assert other.last(Disconnected).ref == far
        other.line.release(far, 16)
        await asyncio.sleep(2)
        assert phone.line.is_idle(3) and other.line.is_idle(3)
        assert phone.last(ChannelState).in_service
        phone.line.setup(SetupRequest(3, Number()))
        await asyncio.sleep(1)
        assert type(phone.log[-1]) is Alerting

    run(scenario())


def test_a_refused_line_call_waits_for_the_ringing_to_end():
    async def scenario():
        _, exchange, line = await lines()
        ref = exchange.line.setup(SetupRequest(1, Number()))
        await asyncio.sleep(1)
        line.line.release(line.last(Setup).ref, 17)
        await asyncio.sleep(1)
        assert line.last(Released).cause == 17 and not line.line.is_idle(1)
        exchange.line.release(ref, 16)
        await asyncio.sleep(1)
        assert line.line.is_idle(1)

    run(scenario())


def test_a_restricted_number_is_not_shown():
    async def scenario():
        _, phone, other = await lines()
        phone.line.setup(SetupRequest(1, Number(), Number("139", presentation=0x20), "Secret"))
        await asyncio.sleep(1)
        assert other.last(Setup).calling.digits == "" and other.last(Setup).name == ""

    run(scenario())


def test_requests_that_make_no_sense_say_so():
    async def scenario():
        _, phone, other = await lines()
        with pytest.raises(DriverError):
            phone.line.setup(SetupRequest(9, Number()))
        ref = phone.line.setup(SetupRequest(0, Number()))
        with pytest.raises(DriverError):
            phone.line.answer(ref)
        with pytest.raises(DriverError):
            phone.line.information(ref, "1")
        with pytest.raises(DriverError):
            phone.span.flash(1)
        with pytest.raises(DriverError):
            other.span.set_ring(1, True)
        for nothing in (phone.line.acknowledge, phone.line.proceeding, phone.line.alerting):
            nothing(ref)
        phone.line.restart(1)
        await asyncio.sleep(0.1)
        assert phone.last(Released).cause == 41

    run(scenario())


@pytest.mark.parametrize("kind", TABLES)
def test_the_table_is_total_and_has_no_dead_end(kind):
    table = TABLES[kind]
    owner = {"fxs": FxsSignalling, "fxo": FxoSignalling, "hook": HookReader}[kind]
    of_the_other_kind = {state for state in type(table.start) if state not in table.listed}
    expected = {
        f"{state.value} {what}"
        for state in of_the_other_kind
        for what in ("is never reached", "never ends")
    }
    assert set(table.problems(owner, table.start)) == expected


def test_every_call_ends_with_one_released():
    async def scenario():
        _, phone, other = await lines()
        for round_ in range(3):
            for channel in (1, 2, 3, 4):
                ref = phone.line.setup(SetupRequest(channel, Number()))
                await asyncio.sleep(0.1)
                if round_:
                    other.line.answer(other.last(Setup).ref)
                    await asyncio.sleep(0.1)
                    assert type(phone.log[-1]) is Connected
                if round_ == 2:
                    other.line.release(other.last(Setup).ref, 16)
                else:
                    phone.line.release(ref, 16)
                await asyncio.sleep(1)
                if round_ == 1:
                    other.line.release(other.last(Disconnected).ref, 16)
                    await asyncio.sleep(1)
        for side in (phone, other):
            refs = {e.ref for e in side.log if isinstance(e, CallEvent)}
            assert len(refs) == 12
            assert sorted(e.ref for e in side.log if type(e) is Released) == sorted(refs)

    run(scenario())
