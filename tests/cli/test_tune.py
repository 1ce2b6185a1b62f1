"""`mediaserver tune`: its arithmetic, its words, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import advice, carry, echo_settings, report
from bench.echo_settings import Heard
from mediaserver.config import from_dict
from mediaserver.doctor.findings import Finding, ok, warn
from tests.cli.conftest import Invoke

GOOD = (ok("real time", "granted"), ok("processor", "4 processors"))
POOR = (warn("real time", "refused", "limits.d"), ok("processor", "4 processors"))
#: µs a channel at 30, 480 and 1920 channels.
COSTS = {
    "decode": (0.05, 0.05, 0.05),
    "dtmf": (0.15, 0.15, 0.35),
    "tap": (0.3, 0.3, 0.3),
    "progress": (0.2, 0.2, 0.2),
    "echo 64 ms": (2.0, 2.0, 2.0),
    "echo 128 ms": (4.0, 4.0, 4.0),
}


def rows(**changes: tuple[float, float, float]) -> list[dict[str, Any]]:
    """As suites `parts` and `calls` give them."""
    found = [
        {"suite": "parts", "name": f"{part}, {size} channels", "value": us}
        for part, costs in {**COSTS, **changes}.items()
        for size, us in zip((30, 480, 1920), costs, strict=True)
    ]
    found += [
        {"suite": "parts", "name": f"{bank}: memory", "value": kib}
        for bank, kib in {"engine": 4.0, "echo 128 ms": 20.0, "echo 64 ms": 10.0}.items()
    ]
    found += [
        {"suite": "parts", "name": f"echo {tail} ms{how}: {what}", "value": value}
        for tail in (64, 128)
        for how, values in (("", (36.0, 100.0)), (", suppressed", (44.0, 9.0)))
        for what, value in zip(("loss", "keys"), values, strict=True)
    ]
    call = {"suite": "calls", "name": "menu, queue, agent, recording: CPU", "value": 12.0}
    return [*found, call]


def figures(**changes: tuple[float, float, float]) -> carry.Figures:
    return carry.figures_of({}, rows(**changes))


def test_the_cost_a_channel_between_two_sizes_is_in_proportion() -> None:
    some = figures(dtmf=(1.0, 2.0, 4.0))
    assert some.cost("dtmf", 1) == 1.0
    assert some.cost("dtmf", 480) == 2.0
    assert some.cost("dtmf", 960) == pytest.approx(3.0)  # half way, by the logarithm
    assert some.cost("dtmf", 5000) == 4.0
    assert some.cost("vad", 480) == 0.0
    assert some.largest == 1920


def test_as_many_e1_as_fit_into_the_usable_part_of_a_tick() -> None:
    setup = carry.Setup(128, recorded=True)
    # 4.7 µs at up to 480 channels: 30 channels take 141 µs.
    assert carry.carried_e1(figures(), setup, 0.1411 * 2 / 10) == 2
    assert carry.carried_e1(figures(), setup, 0.1409 * 2 / 10) == 1
    assert carry.carried_e1(figures(), setup, 0.01) == 0
    cheap = dict.fromkeys(COSTS, (1e-06, 1e-06, 1e-06))
    assert carry.carried_e1(figures(**cheap), setup, 0.5) == carry.MOST_E1


def test_a_setup_is_made_of_its_parts_only() -> None:
    some = figures()
    bare = carry.Setup(0, recorded=False, progress=False)
    assert some.tick_us(bare, 100) == pytest.approx(100 * 0.2)
    full = carry.Setup(64, recorded=True)
    assert some.tick_us(full, 100) == pytest.approx(100 * 2.7)
    assert (some.memory(bare), some.memory(full)) == (4.0, 14.0)


def test_the_best_setup_that_carries_what_is_wanted_is_chosen() -> None:
    best = advice.advise(figures(), GOOD)
    assert best.chosen is not None and best.chosen.setup == carry.Setup(128, recorded=True)
    wanted = best.chosen.e1 + 5
    less = advice.advise(figures(), GOOD, wanted_e1=wanted)
    assert less.chosen is not None and less.chosen.setup.tail_ms == 64
    assert less.e1 == wanted
    assert advice.advise(figures(), GOOD, wanted_e1=512).chosen is None


def test_without_real_time_priority_less_of_a_tick_may_be_used() -> None:
    good, poor = (advice.advise(figures(), found) for found in (GOOD, POOR))
    assert poor.usable < good.usable
    assert good.chosen is not None and poor.chosen is not None
    assert poor.chosen.e1 < good.chosen.e1
    assert any("other programs may take it" in reason for reason in poor.reasons)


def test_the_reasons_hold_the_arithmetic() -> None:
    told = advice.advise(figures(), GOOD, wanted_e1=10)
    text = " ".join(told.reasons)
    assert "300 channels × 4.70 µs = 1.41 ms of every 10 ms" in text
    assert "24.0 KiB a channel, 7.0 MiB" in text
    assert "1.7 a second, at 12.0 ms each 2 %" in text  # 300 calls of 180 s
    assert "4.8 MB a second" in text
    assert told.costs[0] == ("echo canceller, 128 ms", 4.0)


def test_more_than_was_measured_is_said() -> None:
    cheap = dict.fromkeys(COSTS, (0.01, 0.01, 0.01))
    assert any(
        "1920 channels that were measured" in r
        for r in advice.advise(figures(**cheap), GOOD).reasons
    )


@pytest.mark.parametrize("e1", [None, 60])
def test_what_to_set_is_a_configuration(e1: int | None) -> None:
    import tomllib

    told = advice.advise(figures(), GOOD, wanted_e1=e1)
    settings = from_dict(tomllib.loads("\n".join(told.settings)))
    assert told.chosen is not None
    assert settings.recording.enabled is told.chosen.setup.recorded
    assert settings.media.echo_tail_ms == told.chosen.setup.tail_ms
    assert settings.media.echo_suppress is False
    assert [span.echo for span in settings.spans()] == [True]


def _advice(
    *, e1: int | None = None, echo: dict[tuple[int, bool], Heard] | None = None, **boards: Any
) -> advice.Advice:
    found = figures() if echo is None else replace(figures(), echo=echo)
    return advice.advise(found, GOOD, wanted_e1=e1, boards=from_dict(boards).boards)


def _reason(told: advice.Advice, begins: str) -> str:
    return next(reason for reason in told.reasons if reason.startswith(begins))


def test_the_tail_is_the_longest_that_carries_what_is_wanted() -> None:
    best = _advice()
    assert "echo_tail_ms = 128" in best.settings
    more = _advice(e1=best.e1 + 5)
    assert "echo_tail_ms = 64" in more.settings
    why = _reason(more, "echo_tail_ms = 64")
    assert "128 ms take 4.00 µs a channel, 64 ms 2.00" in why
    assert f"with 128 ms on every channel {best.e1} E1 are carried" in why


def test_without_room_for_echo_on_every_channel_it_is_off_on_e1() -> None:
    least = carry.carried_e1(figures(), carry.Setup(64, recorded=False), 0.5)
    told = _advice(e1=least + 5)
    assert told.chosen is not None and told.chosen.setup.tail_ms == 0
    assert "echo = false" in told.settings
    assert "analog lines" in _reason(told, "echo = false on E1 spans")


QUIET, LOUD = Heard(loss_db=36.0, keys=100.0), Heard(loss_db=20.0, keys=100.0)
LOST = Heard(loss_db=44.0, keys=9.0)


@pytest.mark.parametrize(
    ("without", "suppressed", "advised", "says"),
    [
        (QUIET, LOST, False, "-58 dBm0 of a prompt sent at -16, which nobody hears"),
        (QUIET, QUIET, False, "nobody hears"),
        (LOUD, LOST, False, "9 % are heard with suppression, 100 % without"),
        (LOUD, QUIET, True, "-42 dBm0 of a prompt sent at -16, which is heard"),
    ],
)
def test_echo_is_suppressed_where_it_is_heard_and_no_key_is_lost(
    without: Heard, suppressed: Heard, advised: bool, says: str
) -> None:
    told = _advice(echo={(128, False): without, (128, True): suppressed})
    assert f"echo_suppress = {str(advised).lower()}" in told.settings
    assert says in _reason(told, "echo_suppress = ")


def test_what_was_not_measured_of_echo_is_said() -> None:
    told = _advice(echo={})
    assert "echo_suppress = false" in told.settings
    assert "not in the file" in _reason(told, "echo_suppress")


def test_only_spans_whose_echo_is_otherwise_are_named() -> None:
    spans = [
        {"name": "E1-1", "kind": "e1"},
        {"name": "E1-2", "kind": "e1", "echo": True},
        {"name": "FXO-1", "kind": "fxo"},
        {"name": "FXS-1", "kind": "fxs", "echo": False},
    ]
    told = _advice(board=[{"name": "card", "span": spans}])
    named = [line for line in told.settings if line.startswith("name")]
    assert named == ['name = "card"', 'name = "E1-1"', 'name = "FXS-1"']
    assert told.settings.count("echo = true") == 2


def test_a_card_that_cancels_what_we_cancel_is_named() -> None:
    span = {"name": "E1-1", "kind": "e1", "dahdi": 1, "echo": True}
    board = {"name": "card", "type": "dahdi", "kernel_echo_taps": 128, "span": [span]}
    assert "cancelled twice" in _reason(_advice(board=[board]), "Board card")


def test_suppression_is_measured_to_cost_no_key_keyed_at_once() -> None:
    """Of the real canceller: what the advice rests on."""
    free, suppressed = (echo_settings.measure(64, on) for on in (False, True))
    assert suppressed.keys >= free.keys >= 99
    assert suppressed.loss_db > free.loss_db > 28


# ---- the command ---------------------------------------------------------------------


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What this machine is taken for."""
    facts = {"processor": "Z80", "cores": 4, "revision": "abc"}
    monkeypatch.setattr(report, "machine", lambda: facts)
    found: tuple[Finding, ...] = GOOD
    monkeypatch.setattr(advice, "machine_findings", lambda settings: found)
    return facts


def _write(machine: dict[str, Any], results: list[dict[str, Any]]) -> None:
    Path("b.json").write_text(json.dumps({"machine": machine, "results": results}), "utf-8")


def test_it_says_how_many_and_why(invoke: Invoke, here: dict[str, Any]) -> None:
    _write(here, rows())
    result = invoke("tune", "b.json")
    assert result.exit_code == 0, result.output
    words = " ".join(result.output.split())
    assert "This machine carries" in words
    assert "echo canceller, 128 ms" in words
    assert "realtime_priority = 50" in words
    assert "echo_tail_ms = 128" in words and "echo = true" in words


def test_as_json(invoke: Invoke, here: dict[str, Any]) -> None:
    _write(here, rows())
    data = json.loads(invoke("tune", "b.json", "--json", "--e1", "3").output)
    assert data["e1"] == 3
    assert len(data["setups"]) == 6
    assert data["chosen"]["words"] == "128 ms echo cancelling, recorded"


def test_more_than_it_carries_is_exit_code_1(invoke: Invoke, here: dict[str, Any]) -> None:
    _write(here, rows())
    result = invoke("tune", "b.json", "--e1", "512")
    assert result.exit_code == 1
    assert "512 E1 are more than this machine carries" in result.output


@pytest.mark.parametrize("fact", ["processor", "cores", "revision"])
def test_figures_of_another_machine_are_refused(
    invoke: Invoke, here: dict[str, Any], fact: str
) -> None:
    _write({**here, fact: "other"}, rows())
    result = invoke("tune", "b.json")
    assert result.exit_code == 2
    words = " ".join(result.output.split())
    assert f"{fact} 'other' there" in words
    assert "--anyway" in words
    assert invoke("tune", "b.json", "--anyway").exit_code == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1: no JSON"),
        (b"\xff\xfe", "not a text file"),
        (b"[]", "not what `mediaserver bench --json` writes"),
        (b'{"machine": {}, "results": [{"suite": 1}]}', "not what"),
        (b'{"machine": {}, "results": []}', "no figures of suite parts"),
        (
            b'{"machine": {}, "results": [{"suite": "parts", "name": "x", "value": NaN}]}',
            "has the value nan",
        ),
        (b'{"machine": {}, "results": [{"suite": "s", "name": "x", "value": "y"}]}', "b.json"),
    ],
)
def test_a_file_that_is_none_is_told(
    invoke: Invoke, here: dict[str, Any], content: bytes, says: str
) -> None:
    Path("b.json").write_bytes(content)
    result = invoke("tune", "b.json")
    assert result.exit_code == 2, result.output
    assert says in " ".join(result.output.split())


def test_no_such_file(invoke: Invoke, here: dict[str, Any]) -> None:
    assert "none.json: No such file" in invoke("tune", "none.json").output
