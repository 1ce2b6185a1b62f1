"""The bench's own arithmetic and form; the figures themselves are no test's business."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from bench import suites
from bench.__main__ import main
from bench.report import Result, bar, number, show, write_json

FIELDS = [
    "suite",
    "name",
    "value",
    "unit",
    "peer",
    "peer_value",
    "ratio",
    "better",
    "goal",
    "meets",
]

FAST = Result("tick", "480 channels", 50.0, "µs", "lower", "libspandsp", 200.0, goal=60.0)
SLOW = Result("calls", "a second", 10.0, "calls/s", "higher", "another", 20.0, goal=15.0)
ALONE = Result("calls", "CPU a call", 3.0, "ms", "lower")


def test_ratio_is_ours_to_the_peers() -> None:
    assert FAST.ratio == 0.25
    assert SLOW.ratio == 0.5
    assert ALONE.ratio is None


def test_a_goal_is_met_on_its_better_side() -> None:
    assert FAST.meets is True
    assert SLOW.meets is False
    assert ALONE.meets is None
    assert Result("s", "n", 15.0, "u", "higher", goal=15.0).meets is True


def test_json_has_the_agreed_form(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    write_json(file, [FAST, ALONE])
    data = json.loads(file.read_text("utf-8"))
    assert set(data) == {"machine", "results"}
    assert {"processor", "cores", "python"} <= set(data["machine"])
    assert sorted(data["results"][0]) == sorted(FIELDS)
    assert data["results"][1]["peer"] is None


def test_the_tick_suite_gives_plain_numbers_and_each_part_on_request() -> None:
    options = suites.Options(channels=(20,), ticks=1, kernels=True)
    results = suites.load("tick")(options)
    assert json.loads(json.dumps([result.as_json() for result in results]))
    names = [result.name for result in results]
    assert {"20 channels", "20 channels: dtmf", "20 channels: tap"} <= set(names)
    assert len(suites.load("tick")(suites.Options(channels=(20,), ticks=1))) == 2


def test_the_table_names_peer_goal_and_gain() -> None:
    console = Console(file=io.StringIO(), width=100)
    show([FAST, SLOW, ALONE], console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "libspandsp" in text
    assert "×4.00" in text
    assert "≥ 15 ✗" in text


def test_a_bar_is_full_at_twice_as_good() -> None:
    assert bar(0.5, "lower").plain.count("█") == 10
    assert bar(1.0, "lower").plain.count("█") == 5
    assert bar(0.4, "higher").plain.count("█") == 2
    assert bar(None, "lower").plain == ""


def test_numbers_are_short() -> None:
    assert [number(value) for value in (1234.5, 99.94, 0.012345, None)] == [
        "1,234",
        "99.9",
        "0.0123",
        "",
    ]


@pytest.mark.parametrize("text", ["", "x", "30,", "0", "30,-1", "5000"])
def test_wrong_channel_counts_are_refused_with_an_example(text: str) -> None:
    result = CliRunner().invoke(main, ["tick", "--channels", text])
    assert result.exit_code == 2
    assert "30,120,480" in result.output


def test_an_unknown_suite_is_answered_with_those_there_are() -> None:
    result = CliRunner().invoke(main, ["tock"])
    assert result.exit_code == 2
    assert "tick" in result.output


@pytest.mark.parametrize(("goal", "status"), [(60.0, 0), (40.0, 1)])
def test_a_missed_goal_is_the_exit_status(
    goal: float, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = Result("tick", "480 channels", 50.0, "µs", "lower", goal=goal)
    monkeypatch.setattr("bench.__main__.load", lambda name: lambda options: [result])
    assert CliRunner().invoke(main, ["tick"]).exit_code == status


@pytest.mark.parametrize("name", suites.SUITES)
def test_every_suite_can_be_loaded(name: str) -> None:
    assert callable(suites.load(name))
