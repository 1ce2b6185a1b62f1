"""Plain extensions: dialled from telephones and from outside, and what a route lets through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from drivers.cause import Cause
from mediaserver import events as ev
from mediaserver.call.dialler import Target
from mediaserver.call.extensions import Extension, Extensions, extensions_of
from mediaserver.call.routing import Route
from mediaserver.clock import VirtualLoop
from mediaserver.config.load import from_dict
from mediaserver.config.problems import ConfigError
from mediaserver.ivr.flow import FlowError, parse
from tests.acd.rig import Rig

DESK = Extension("201", Target("201", line="FXS/3", number="201"), "Desk")
LAB = Extension("202", Target("202", line="FXS/4", number="202"))
BEHIND = Extension("301", Target("301", trunk="pstn", number="301"))
ATTENDANT = """
name = "main"
start = "ask"
[node.ask]
kind = "collect"
variable = "who"
maximum = 3
timeout_s = 2
next = "put_through"
on_fail = "sorry"
[node.put_through]
kind = "dial"
extension = "{who}"
ring_s = 10
on_fail = "sorry"
[node.sorry]
kind = "hang up"
cause = 1
"""
ROUTES = (
    Route("1", flow="main"),
    Route("6688XXX", extension="dialled", strip=4),
    Route("5555XXXX", extension="dialled", strip=4),
    Route("7", extension="201"),
    Route("9*", out="pstn", strip=1, inside=True),
)


def on(work: Callable[[Rig], Awaitable[None]], **options: Any) -> None:
    """Run `work` with phones 1, 2 of agents and 3, 4 of nobody; nothing may be left."""

    async def run() -> None:
        options.setdefault("routes", ROUTES)
        rig = Rig(2, phones=4, extensions=(DESK, LAB, BEHIND), **options)
        await work(rig)
        for channel in range(1, 7):
            rig.pstn.hangs_up(channel)
            rig.phones.hangs_up(channel)
        await asyncio.sleep(30)
        assert rig.quiet() == []
        rig.acd.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())


def dial(rig: Rig, phone: int, digits: str) -> None:
    rig.phones.call(phone, "")
    for digit in digits:
        rig.media.port(5 + phone).keys.put_nowait(digit)


def ended(rig: Rig) -> list[tuple[int, str]]:
    return [(event.cause, event.cleared_by) for event in rig.of(ev.CallEnded)]


def rung(rig: Rig) -> list[int]:
    return [channel for word, channel, _ in rig.phones.sent if word == "setup"]


def test_extensions_dial_each_other_and_agents_without_a_route() -> None:
    async def work(rig: Rig) -> None:
        for number, phone in (("202", 4), ("8001", 1)):
            dial(rig, 3, number)
            await asyncio.sleep(1)
            rig.phones.picks_up(phone)
            await asyncio.sleep(1)
            assert len(rig.media.bridges) == 1
            rig.phones.hangs_up(phone)
            rig.phones.hangs_up(3)
            await asyncio.sleep(1)
        offered = rig.of(ev.CallOffered)
        assert [(e.caller, e.caller_name, e.called) for e in offered] == [
            ("201", "Desk", "202"),
            ("201", "Desk", "8001"),
        ]

    on(work)


def test_an_extension_behind_a_trunk_is_rung_through_it() -> None:
    async def work(rig: Rig) -> None:
        dial(rig, 3, "301")
        await asyncio.sleep(1)
        assert [c for word, c, _ in rig.pstn.sent if word == "setup"] == [6]

    on(work)


def test_an_extension_dials_out_and_a_caller_from_outside_does_not() -> None:
    async def work(rig: Rig) -> None:
        dial(rig, 3, "9123")
        await asyncio.sleep(5)
        assert [c for word, c, _ in rig.pstn.sent if word == "setup"] == [6]
        rig.pstn.call(1, "9123")
        await asyncio.sleep(1)
        assert ended(rig) == [(Cause.UNALLOCATED, "system")]

    on(work)


def test_internal_numbers_are_not_for_callers_from_outside() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1, "201")
        await asyncio.sleep(1)
        assert rung(rig) == []
        assert ended(rig) == [(Cause.UNALLOCATED, "system")]

    on(work)


@pytest.mark.parametrize(("called", "phone"), [("6688202", 4), ("7", 3), ("55558002", 2)])
def test_a_call_from_outside_rings_the_extension_its_route_names(called: str, phone: int) -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1, called)
        await asyncio.sleep(1)
        assert rung(rig) == [phone]
        rig.pstn.hangs_up(1)
        await asyncio.sleep(1)
        assert rig.phones.refs == {}

    on(work)


def test_a_number_of_the_range_that_nobody_has() -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1, "6688299")
        await asyncio.sleep(1)
        assert ended(rig) == [(Cause.UNALLOCATED, "system")]

    on(work)


def test_an_extension_that_dials_itself_hears_busy() -> None:
    async def work(rig: Rig) -> None:
        dial(rig, 3, "201")
        await asyncio.sleep(1)
        assert ended(rig) == [(Cause.USER_BUSY, "system")]
        assert rig.media.port(8).tones[-1] == "cn/busy"

    on(work)


@pytest.mark.parametrize(("keys", "phone"), [("202", [4]), ("299", []), ("", [])])
def test_an_attendant_puts_through_to_the_extension_keyed(keys: str, phone: list[int]) -> None:
    async def work(rig: Rig) -> None:
        rig.pstn.call(1)
        await asyncio.sleep(1)
        for key in keys:
            rig.media.port(0).keys.put_nowait(key)
        await asyncio.sleep(3)
        assert rung(rig) == phone
        await asyncio.sleep(30)
        assert ended(rig) == [(1, "system")]

    on(work, flow=ATTENDANT)


def test_directory() -> None:
    found = Extensions([DESK, BEHIND])
    assert found.find("201") is DESK and found.at("FXS/3") is DESK
    assert found.find("9") is None and found.at("FXS/9") is None
    assert [route.called for route in found.routes()] == ["201", "301"]


BOARD = {
    "name": "v",
    "type": "virtual",
    "span": [{"name": "FXS-1", "kind": "fxs", "ports": 4}],
}
AGENT = {"name": "alice", "number": "8001", "line": "FXS-1/1"}


def test_extensions_of_the_settings_are_agents_and_plain_ones() -> None:
    settings = from_dict(
        {"board": [BOARD], "agent": [AGENT], "extension": [{"number": "201", "line": "FXS-1/2"}]}
    )
    found = extensions_of(settings)
    assert found.find("8001") == Extension("8001", Target("alice", "FXS-1/1", "", "8001"), "alice")
    assert found.find("201") == Extension("201", Target("201", "FXS-1/2", "", "201"))


@pytest.mark.parametrize(
    ("extension", "route", "said"),
    [
        ({"number": "8001", "line": "FXS-1/2"}, {}, "is agent[1].number already"),
        ({"number": "201", "line": "FXS-1/1"}, {}, "is agent[1].line already"),
        ({"number": "201", "line": "FXS-1/9"}, {}, "has ports 1 to 4"),
        ({"number": "201", "trunk": "pbx"}, {}, "no such trunk group"),
        ({"number": "201"}, {}, "needs exactly one of line"),
        ({"number": "2*", "line": "FXS-1/2"}, {}, "number"),
        ({"number": "201", "trunk": "p", "always_rings": "call"}, {}, "needs a telephone"),
        ({"number": "201", "line": "FXS-1/2", "always_rings": "yes"}, {}, "allowed: "),
        ({"number": "201", "line": "FXS-1/2"}, {"extension": "202"}, "no such extension"),
        ({"number": "201", "line": "FXS-1/2"}, {"extension": "201", "agent": "alice"}, "exactly"),
        (
            {"number": "201", "line": "FXS-1/2"},
            {"extension": "201", "trunk": "p", "inside": True},
            "no call is from both",
        ),
    ],
)
def test_a_contradiction_is_named(extension: Any, route: Any, said: str) -> None:
    data = {
        "board": [BOARD],
        "agent": [AGENT],
        "extension": [extension],
        "route": [{"called": "1", **route}] if route else [],
    }
    with pytest.raises(ConfigError, match=said.replace("[", r"\[")):
        from_dict(data)


@pytest.mark.parametrize(
    ("node", "said"),
    [
        ('extension = "{nobody}"', "extension: there is no variable 'nobody'"),
        ('extension = "201"\nagent = "a"', "exactly one of agent, extension and number"),
    ],
)
def test_a_dial_node_is_held_to_its_rules(node: str, said: str) -> None:
    with pytest.raises(FlowError, match=said):
        parse(f'name = "m"\nstart = "d"\n[node.d]\nkind = "dial"\n{node}\n', "m.toml")
