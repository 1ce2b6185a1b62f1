"""Shipped scenarios over DAHDI's lines: the whole server, the exchange at their other ends."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mediaserver.lab.perform import perform
from mediaserver.lab.scenario import SHIPPED, Scenario

#: Which of ../system.conf's spans a scenario's spans are; the exchange is at the other end.
DAHDI = {"E1-1": (9, 10), "E1-2": (5, 6), "FXS-1": (7, 8), "FXO-1": (11, 12)}
#: Scenario → its spans that are DAHDI's, and who of it plays.
PLAYED = {
    # Whose telephones hang up by themselves: how the driver's break of current is heard is another
    # matter.
    "em": (("E1-1", "E1-2", "FXS-1"), ("dave's phone", "emil", "frank")),
    "caller-id": (("FXS-1", "FXO-1"), ("anna", "alice")),
    "exchange-line": (("FXS-1", "FXO-1"), ("bob's old phone", "aunt")),
}
#: Who does something else here: a telephone ends the call, so that no break of current has to.
OTHERWISE: dict[str, dict[str, dict[str, Any]]] = {
    "caller-id": {
        "anna": {
            "steps": [{"hear": "partner", "within_s": 25}, {"expect": "released", "within_s": 30}]
        },
        "alice": {"steps": [{"say": "demo-thanks"}, {"hang_up": True}]},
    }
}


def on_cards(name: str) -> Scenario:
    """A shipped scenario whose lines are DAHDI's, without what is of other lines."""
    data = tomllib.loads((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    settings, (spans, players) = data["settings"], PLAYED[name]
    (board,) = settings["board"]
    cards = [_wired(span) for span in board["span"] if span["name"] in spans]
    rest = [s for s in board["span"] if s["kind"] == "e1" and s["name"] not in spans]
    settings["board"] = [{"name": "cards", "type": "dahdi", "span": cards}]
    if rest:
        settings["board"].append({"name": "virtual", "span": rest})
    here = {span["name"] for span in (*cards, *rest)}
    settings["trunk_group"] = [each for each in settings["trunk_group"] if {*each["spans"]} <= here]
    groups = {group["name"] for group in settings["trunk_group"]}
    if "route" in settings:
        settings["route"] = [
            r for r in settings["route"] if groups & {r.get("trunk"), r.get("out")}
        ]
    data["fault"] = []  # of wires that are simulated
    for role in ("caller", "answerer"):
        data[role] = [who for who in data[role] if who["name"] in players]
        for who in data[role]:
            who.update(OTHERWISE.get(name, {}).get(who["name"], {}))
    return Scenario.model_validate(data)


def _wired(span: dict[str, Any]) -> dict[str, Any]:
    near, far = DAHDI[span["name"]]
    return {**span, "dahdi": near, "far_dahdi": far}


@pytest.mark.parametrize("name", PLAYED)
def test_it_goes_as_scripted_and_loses_no_octet(name: str, tmp_path: Path) -> None:
    scenario = on_cards(name)
    played = perform(scenario, virtual=False, data_dir=tmp_path)
    print(played.to_json())
    assert [verdict for verdict in played.verdicts if not verdict.ok] == []
    assert played.calls == len(scenario.caller)
