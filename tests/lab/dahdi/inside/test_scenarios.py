"""Shipped scenarios over DAHDI's lines: the whole server, the exchange at their other ends."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from mediaserver.lab.perform import perform
from mediaserver.lab.scenario import SHIPPED, Scenario

#: Which of ../system.conf's spans a scenario's spans are; the exchange is at the other end.
DAHDI = {
    "E1-1": (9, 10),
    "E1-2": (5, 6),
    "FXS-1": (7, 8),
    "FXO-1": (11, 12),
    "FXO-3": (13, 14),
}
#: Scenario → its spans that are DAHDI's.
PLAYED = {
    "em": ("E1-1", "E1-2", "FXS-1"),
    "caller-id": ("FXS-1", "FXO-1", "FXO-3"),
    "exchange-line": ("FXS-1", "FXO-1"),
    "call-waiting": ("FXS-1",),
    "line-call-waiting": ("FXS-1", "FXO-1"),
}
#: Scenario → the span that cannot be here, and who is on it: its noise is of a simulated wire.
LEFT_OUT = {"caller-id": ("FXO-2", "beate", "bob")}
#: DAHDI takes a break of less than 200 ms for a dial's pulse, and is not told otherwise.
COUNTRY = {"call-waiting": "us", "line-call-waiting": "us"}


def on_cards(name: str) -> Scenario:
    """A shipped scenario whose lines are DAHDI's, without what is of other lines."""
    data = tomllib.loads((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    settings, absent = data["settings"], LEFT_OUT.get(name, ())
    (board,) = settings["board"]
    spans = [span for span in board["span"] if span["name"] not in absent]
    cards = [_wired(span) for span in spans if span["name"] in PLAYED[name]]
    rest = [span for span in spans if span["name"] not in PLAYED[name]]
    for span in cards if name in COUNTRY else ():
        span["analog"] = {**span.get("analog", {}), "country": COUNTRY[name]}
    settings["board"] = [{"name": "cards", "type": "dahdi", "span": cards}]
    if rest:
        settings["board"].append({"name": "virtual", "span": rest})
    groups = settings.get("trunk_group", [])
    gone = [each["name"] for each in groups if set(absent) & {*each["spans"]}]
    for key, field in (("trunk_group", "name"), ("route", "trunk")):
        if key in settings:
            settings[key] = [each for each in settings[key] if each.get(field) not in gone]
    data["fault"] = []  # of wires that are simulated
    for role in ("caller", "answerer"):
        data[role] = [who for who in data[role] if who["name"] not in absent]
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
