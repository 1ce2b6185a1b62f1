"""The settings of a scenario: an E1 over IP with both ends here has ports of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mediaserver.config.problems import ConfigError
from mediaserver.lab import settings


def over_ip(*spans: dict[str, Any]) -> list[tuple[str, str]]:
    """The ends of these spans as a scenario gets them."""
    given = [{"name": f"E1-{n}", "kind": "e1", **span} for n, span in enumerate(spans, 1)]
    board = {"name": "ip", "type": "cesopsn", "span": given}
    # The demo's groups, agents and routes name lines that this plant has not.
    over = {"board": [board], "trunk_group": [], "agent": [], "queue": [], "route": []}
    made = settings.make(Path(), over)
    return [(span.local, span.remote) for span in made.boards[0].spans]


def test_both_ends_get_free_ports_no_two_the_same() -> None:
    ends = over_ip({"far": True}, {"far": True})
    addresses = [address for pair in ends for address in pair]
    assert len(set(addresses)) == 4
    assert all(address.startswith("127.0.0.1:") for address in addresses)


def test_what_the_scenario_says_stays() -> None:
    ((local, remote),) = over_ip({"far": True, "local": "127.0.0.1:40001"})
    assert local == "127.0.0.1:40001" and remote not in ("", local)


def test_a_far_end_elsewhere_must_be_named() -> None:
    with pytest.raises(ConfigError, match="local"):
        over_ip({"packet_ms": 2})
