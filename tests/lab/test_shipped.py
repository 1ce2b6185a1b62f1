"""Every scenario that comes with the program goes as scripted, and twice the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from mediaserver.db import queries
from mediaserver.db.models import CallRow
from mediaserver.lab.perform import perform
from mediaserver.lab.scenario import find, load, shipped

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
pytestmark = [
    pytest.mark.skipif(not SOUNDS.is_dir(), reason="asterisk-core-sounds-en-wav is not installed"),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]


VIRTUAL = [path for path in shipped() if not load(path).server]


@pytest.mark.parametrize("path", VIRTUAL, ids=lambda path: path.stem)
def test_a_shipped_scenario_goes_as_scripted_twice(path: Path) -> None:
    scenario = load(path)
    first = perform(scenario, virtual=True)
    assert [v for v in first.verdicts if not v.ok] == []
    assert perform(scenario, virtual=True).to_json() == first.to_json()


@pytest.mark.process
def test_two_servers_that_only_exchange_packets(tmp_path: Path) -> None:
    """In real time: a machine that stalls may cost octets, and then says so; all else holds."""
    told = perform(load(find("cesopsn-processes")), virtual=True, data_dir=tmp_path)
    assert [v for v in told.verdicts if not v.ok and v.step != "no octet lost"] == []
    assert {v.who for v in told.verdicts} >= {"dave", "alice", "call-centre"}
    assert any(v.who == "alice" and v.step.startswith("say") for v in told.verdicts)
    theirs = tmp_path / "call-centre" / "mediaserver.db"
    with queries.session(f"sqlite:///{theirs}") as session:
        (call,) = session.scalars(select(CallRow))
        assert (call.caller, call.called, call.agent) == ("8004", "668800", "alice")
