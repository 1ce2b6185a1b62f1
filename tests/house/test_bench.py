"""The bench's own arithmetic and form; the figures themselves are no test's business."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bench import suites
from bench.command import command as main
from bench.kernels import suite as kernels
from bench.picture import draw
from bench.report import Result, bar, gain, number, show, write_json

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


def test_json_takes_figures_out_of_numpy(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    write_json(file, [Result("s", "n", np.float32(2.0), "dB", "higher", goal=np.float64(1.0))])  # type: ignore[arg-type]
    (row,) = json.loads(file.read_text("utf-8"))["results"]
    assert (row["value"], row["meets"]) == (2.0, True)


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


def test_the_chain_suite_says_what_a_core_carries_and_where_the_time_goes() -> None:
    results = suites.load("chain")(suites.Options(channels=(6,), ticks=50))
    assert json.loads(json.dumps([result.as_json() for result in results]))
    names = {result.name for result in results}
    for tail in (64, 128):
        parts = {f"6 at {tail} ms: {what}" for what in ("tick", "a core", "echo", "memory")}
        assert parts <= names
    assert all(result.peer_value for result in results if result.name.endswith("tick"))


def test_the_table_names_peer_goal_and_gain() -> None:
    console = Console(file=io.StringIO(), width=100)
    show([FAST, SLOW, ALONE], console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "libspandsp" in text
    assert "×4.00" in text
    assert "≥ 15 ✗" in text


def test_a_bar_grows_two_cells_with_each_doubling() -> None:
    assert bar(1 / 16, "lower").plain == "██████████ ×16.0"
    assert bar(0.5, "lower").plain.count("█") == 4
    assert bar(1.0, "lower").plain.count("█") == 2
    assert bar(0.25, "higher").plain == "·········· ×0.25"
    assert bar(1 / 200, "lower").plain == "██████████ ×200"
    assert bar(None, "lower").plain == ""


def test_decibels_are_compared_by_their_difference() -> None:
    left = Result("quality", "stop band", -90.0, "dB left", "lower", "speexdsp", -60.0)
    assert gain(left).plain == "+30.0 dB"
    ratio = Result("quality", "noise", 20.0, "dB SNR", "higher", "spandsp", 23.0)
    assert gain(ratio).plain == "-3.0 dB"
    assert gain(FAST).plain.endswith("×4.00")


def test_no_figure_is_cut_at_96_columns() -> None:
    name = (
        "a kernel whose name is long enough to be folded, 1920 channels of 128 ms, ticks of 10 ms"
    )
    row = Result(
        "kernels", name, 12345.6, "% of one core a channel", "lower", "peer", 98765.4, 99999
    )
    console = Console(file=io.StringIO(), width=96)
    show([row], console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= 96
    assert "…" not in text
    for figure in ("12,346", "≤ 99,999 ✓", "98,765", "×8.00"):
        assert figure in text


def test_missed_goals_are_told_below_the_tables() -> None:
    console = Console(file=io.StringIO(), width=96)
    show([FAST, SLOW, ALONE], console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "1 of 2 goals reached." in text
    assert "✗ calls: a second" in text


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
    monkeypatch.setattr("bench.command.load", lambda name: lambda options: [result])
    assert CliRunner().invoke(main, ["tick"]).exit_code == status


@pytest.mark.parametrize("name", suites.SUITES)
def test_every_suite_can_be_loaded(name: str) -> None:
    assert callable(suites.load(name))


def test_the_list_names_suites_and_parts() -> None:
    output = CliRunner().invoke(main, ["--list"]).output
    assert all(name in output for name in suites.SUITES)
    assert "parts: " in output and "echo" in output


ROWS = [FAST, Result("kernels", "echo, 32 channels", 1.0, "µs", "lower")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, suites.Options]:
    """What suites were asked for; each gives `ROWS`."""
    seen: dict[str, suites.Options] = {}

    def load(name: str) -> suites.Suite:
        def run(options: suites.Options) -> list[Result]:
            seen[name] = options
            return ROWS

        return run

    monkeypatch.setattr("bench.command.load", load)
    return seen


def test_only_names_a_part_and_the_suites_that_have_it(asked: dict[str, suites.Options]) -> None:
    assert (
        CliRunner().invoke(main, ["tick", "kernels", "quality", "--only", "^echo"]).exit_code == 0
    )
    assert list(asked) == ["kernels", "quality"]
    assert list(asked["kernels"].chosen(["echo", "fsk"])) == ["echo"]


def test_only_names_rows_where_no_part_is_meant(asked: dict[str, suites.Options]) -> None:
    result = CliRunner().invoke(main, ["kernels", "--only", "32 CHANNELS"])
    assert asked["kernels"].only is None
    assert "echo, 32 channels" in result.output
    assert "480 channels" not in result.output


def test_only_that_matches_nothing_is_refused(asked: dict[str, suites.Options]) -> None:
    result = CliRunner().invoke(main, ["kernels", "--only", "nothing"])
    assert result.exit_code == 2
    assert "--list" in result.output
    assert CliRunner().invoke(main, ["--only", "(", "tick"]).exit_code == 2


def test_several_suites_each_run_once_and_say_so(asked: dict[str, suites.Options]) -> None:
    result = CliRunner().invoke(main, ["kernels", "quality", "kernels", "--quick"])
    assert list(asked) == ["kernels", "quality"]
    assert asked["kernels"].effort < 1 and asked["kernels"].ticks < 1000
    assert {"kernels", "quality"} <= set(result.stderr.split())


def test_effort_lessens_the_turns() -> None:
    calls = []
    token = kernels.EFFORT.set(0.1)
    try:
        kernels.by_turns((lambda: calls.append(0),), least_ms=0, turns=100)
    finally:
        kernels.EFFORT.reset(token)
    assert len(calls) == 2 + 10  # twice before the turns begin


def test_files_are_refused_before_anything_is_measured(
    asked: dict[str, suites.Options], tmp_path: Path
) -> None:
    for option, name in (("--picture", "bench.png"), ("--json", "none/b.json")):
        result = CliRunner().invoke(main, ["tick", option, str(tmp_path / name)])
        assert result.exit_code == 2, result.output
    assert not asked


def test_a_picture_has_every_row_and_is_xml(
    asked: dict[str, suites.Options], tmp_path: Path
) -> None:
    file = tmp_path / "bench.svg"
    assert CliRunner().invoke(main, ["tick", "--picture", str(file)]).exit_code == 0
    words = "".join(ElementTree.parse(file).getroot().itertext())
    for row in ROWS:
        assert row.name in words
    assert "×4" in words


@settings(max_examples=50, deadline=None)
@given(
    value=st.floats(0, 1e9),
    peer=st.none() | st.floats(0, 1e9),
    goal=st.none() | st.floats(-1e9, 1e9),
    better=st.sampled_from(["lower", "higher"]),
    name=st.text(max_size=80),
)
def test_any_row_can_be_shown_and_drawn(
    value: float, peer: float | None, goal: float | None, better: Any, name: str
) -> None:
    row = Result("s", name, value, "u", better, "peer" if peer else None, peer, goal)
    show([row], Console(file=io.StringIO(), width=96))
    facts = {"processor": "<&>", "cores": 1, "python": "3", "revision": None}
    ElementTree.fromstring(draw([row], facts))


def test_the_parts_suite_measures_time_and_memory_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.parts.SIZES", (16, 32))
    told: list[str] = []
    results = suites.load("parts")(suites.Options(effort=0.01, tell=told.append))
    names = {result.name for result in results}
    for part in ("decode", "dtmf", "tap", "echo 64 ms", "echo 128 ms", "progress", "fsk", "vad"):
        assert {f"{part}, {size} channels" for size in (16, 32)} <= names
    sizes = {result.name: result.value for result in results}
    assert 4 < sizes["echo 64 ms: memory"] < sizes["echo 128 ms: memory"] < 100
    assert {
        f"echo {tail} ms{how}: keys" for tail in (64, 128) for how in ("", ", suppressed")
    } <= names
    assert told[0] == "16 channels"
