"""What a technician is told of an E1 over IP that does not come up, as its board counts it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from drivers import registry
from drivers.boards.cesopsn.spec import CesopsnSpec
from mediaserver.linedoctor.g826 import Totals
from mediaserver.linedoctor.words import OK, WARN, Finding, of_span
from tests.drivers.cesopsn.rig import udp

HERE = "127.0.0.1"


def red(sends: Callable[[Any, tuple[str, int], Any], None]) -> Finding:
    """The alarm's finding after a stranger's and the far end's sockets have sent what they do."""

    async def main() -> Finding:
        with udp() as far, udp() as stranger, udp() as taken:
            local = taken.getsockname()
            taken.close()
            spec = CesopsnSpec("E1-1", local, far.getsockname())
            board = registry.board("cesopsn", "ip", [spec])
            board.spans[0].port.read()  # what came before it ran is of no call
            sends(far, local, stranger)
            board.spans[0].port.read()
            (status,) = board.status()
            board.close()
            found = next(iter(of_span(status, Totals(), available=True)))
            assert f"{HERE}:{far.getsockname()[1]}" in str(found.said)
            return found

    return asyncio.run(main())


def test_a_far_end_that_sends_nothing() -> None:
    found = red(lambda far, local, stranger: None)
    assert str(found.said).startswith("red: no packet comes from 127.0.0.1:")
    assert "send to 127.0.0.1:" in str(found.advice) and "firewall" in str(found.advice)


def test_packets_from_another_address() -> None:
    found = red(lambda far, local, stranger: stranger.sendto(bytes(4 + 31 * 40), local))
    assert "but 1 from another address" in str(found.said) and "`remote`" in str(found.advice)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (bytes(4 + 30 * 40), "as their length is another"),
        (b"\x80\x60" + bytes(10 + 4 + 31 * 40), "as they are no voice packets"),
        (b"\x00", "as they end within their headers"),
    ],
)
def test_a_far_end_that_is_set_otherwise(octets: bytes, why: str) -> None:
    found = red(lambda far, local, stranger: far.sendto(octets, local))
    assert why in str(found.said) and "packet_ms" in str(found.advice)


@pytest.mark.parametrize(
    ("ppm", "state", "says"),
    [
        (None, OK, "the delay followed packets"),
        (0.4, OK, "the delay followed packets"),
        (-50.3, WARN, "differs by 50 parts"),
    ],
)
def test_slips_are_of_clocks_or_of_late_packets(ppm: float | None, state: str, says: str) -> None:
    status = {"alarms": [], "packets": {}, "far_ppm": ppm}
    found = [each for each in of_span(status, Totals(slips=6), True) if each.what == "slips"]
    assert found[0].state == state and says in str(found[0].said)
    assert (found[0].advice is None) == (state == OK)


def test_a_far_end_that_does_not_hear_us() -> None:
    status = {"alarms": ["rai"], "packets": {}, "remote": "192.0.2.7:40001"}
    found = next(iter(of_span(status, Totals(), True)))
    assert "192.0.2.7:40001 does not arrive" in str(found.advice)
