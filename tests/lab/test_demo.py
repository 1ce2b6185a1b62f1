"""The demo as a newcomer runs it: good calls give 0, a deviation is named and gives 1."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from rich.console import Console

from mediaserver.lab import demo, script
from mediaserver.lab.scenario import Step
from tests.app.plants import needs_sounds

pytestmark = needs_sounds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(tmp_path: Path, calls: int, web: bool) -> tuple[int, str]:
    out = io.StringIO()
    options = demo.Options(
        calls, once=True, data_dir=tmp_path, web_port=free_port(), cti_port=0, web=web
    )
    status = demo.main(options, Console(file=out, width=140))
    return status, out.getvalue()


def test_good_calls_give_a_table_and_0(tmp_path: Path) -> None:
    status, text = run(tmp_path, 2, web=True)
    assert status == 0, text
    assert "2 of 2 calls, 0 deviations" in text
    assert "http://127.0.0.1:" in text
    for agent in ("alice", "carol"):
        assert agent in text


def test_a_deviation_is_named_and_gives_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who waits for a greeting that is never said."""
    monkeypatch.setattr(script, "GREETING", "say:Another greeting altogether.")
    status, text = run(tmp_path, 1, web=False)
    assert status == 1
    assert "caller 1: hear say:Another greeting altogether.: not heard" in text
    assert "caller 1: record: recorded" in text or "holds the" in text


def test_the_script_tells_who_hangs_up() -> None:
    scenario = script.scenario(6, at_once=3)
    endings = [caller.steps[-1] for caller in scenario.caller]
    assert [step.hang_up for step in endings] == [True, True, False, True, True, False]
    assert endings[2] == Step(expect="released", within_s=60, cause=16)
    assert scenario.at_once == 3
