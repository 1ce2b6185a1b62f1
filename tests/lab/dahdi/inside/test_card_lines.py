"""A card's counters and alarms reach the line doctor of a server at work, and are named."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mediaserver.cti.sync import SyncCtiClient
from tests.lab.dahdi.inside import card
from tests.lab.dahdi.inside.card import FAR, NEAR

pytestmark = pytest.mark.usefixtures("cards")
SERVER = f"""
[server]
data_dir = "{{dir}}"
[cti]
port = 0
[[board]]
name = "cards"
type = "dahdi"
span = [
  {{{{ name = "E1-1", kind = "e1", side = "user", isolate = false, dahdi = {NEAR} }}}},
  {{{{ name = "E1-2", kind = "e1", side = "network", isolate = false, dahdi = {FAR} }}}},
]
[[trunk_group]]
name = "pstn"
spans = ["E1-1"]
"""
SPAN1 = "e1/inside/span1"
#: What is counted -> what the line doctor says of it.
COUNTED = {"bpv": 5, "cv": 4, "crc4": 3, "fas": 2, "fe": 1, "ebit": 7, "be": 6}


def line(client: SyncCtiClient) -> dict[str, Any]:
    return dict(client.request("line", {"span": "E1-1", "days": 1}))


def until(client: SyncCtiClient, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The line as soon as it is so."""

    async def look() -> dict[str, Any]:
        async with asyncio.timeout(60):
            while not what(found := line(client)):
                await asyncio.sleep(0.1)
            return found

    return asyncio.run(look())


def codes(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["said"]["code"]: each["said"]["values"] for each in found["findings"]}


def test_counters_and_alarms_of_a_card_are_told(tmp_path: Path) -> None:
    config = tmp_path / "mediaserver.toml"
    config.write_text(SERVER.format(dir=tmp_path))
    command = [sys.executable, "-m", "mediaserver", "run", "--config", config]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        with SyncCtiClient(tmp_path / "cti.sock") as client:
            assert client.wait_connected(120), (tmp_path / "log").read_text()
            until(client, lambda found: bool(found["up"]) and found["since_start"]["seconds"] > 0)
            _counted(client)
            _in_alarm(client)
    finally:
        process.terminate()
        process.wait(60)


def _counted(client: SyncCtiClient) -> None:
    """Errors of a second make it an errored one; slips are of the clock and no error."""
    assert line(client)["since_start"]["es"] == 0
    for name, count in COUNTED.items():
        card.put(f"{SPAN1}/{name}", count)
    card.put(f"{SPAN1}/timingslips", 2)
    found = until(client, lambda found: found["since_start"]["slips"] == 2)
    assert found["since_start"]["ses"] == 0 < found["since_start"]["es"] <= 2
    assert found["since_start"]["bbe"] == 5 + 3
    said = codes(found)
    for name, count in COUNTED.items():
        assert said[f"framer.{name}"] == {"count": count}, said
    assert said["slips"] == {"slips": 2}


def _in_alarm(client: SyncCtiClient) -> None:
    """Ten severely errored seconds in a row are unavailable time."""
    card.put(f"{SPAN1}/alarms", card.RED | card.LOS)
    found = until(client, lambda found: not found["available"])
    assert found["alarms"] == ["red"] and not found["up"]
    assert {"alarm.red", "errors.unavailable"} <= set(codes(found))
    assert found["since_start"]["uas"] >= 10
    card.put(f"{SPAN1}/alarms", 0)
    found = until(client, lambda found: not found["alarms"] and bool(found["up"]))
    (kept,) = (each for each in found["alarm_history"] if each["alarm"] == "red")
    assert kept["begun_utc"] < kept["ended_utc"]
