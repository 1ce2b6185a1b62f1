"""The whole server on the lab's cards: an alarm in a call, and an exchange line that tells of the
answer and of the end by its polarity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mediaserver.lab.perform import perform
from mediaserver.lab.plant import Plant
from mediaserver.lab.scenario import Scenario
from tests.lab.dahdi.inside import card
from tests.lab.dahdi.inside.card import FAR, NEAR, PORTS

CARDS = [
    {"name": "E1-1", "kind": "e1", "isolate": False, "dahdi": NEAR, "far_dahdi": FAR},
    {
        **{"name": "E1-2", "kind": "e1", "side": "network", "isolate": False},
        **{"dahdi": 3, "far_dahdi": 4},
    },
    {
        **{"name": "FXO-1", "kind": "fxo", "ports": 2, "dahdi": PORTS, "far_dahdi": PORTS},
        "analog": {"answer": "polarity", "disconnect": ["polarity"]},
    },
]
SCENARIO: dict[str, Any] = {
    "title": "On the lab's cards",
    "settings": {
        "board": [
            {"name": "cards", "type": "dahdi", "span": CARDS},
            {"name": "virtual", "span": [{"name": "FXS-1", "kind": "fxs"}]},
        ],
        "trunk_group": [
            {"name": "pstn", "spans": ["E1-1"]},
            {"name": "pbx", "spans": ["E1-2"]},
            {"name": "lines", "spans": ["FXO-1"]},
        ],
        "route": [
            {"called": "7*", "out": "lines", "strip": 1},
            {"called": "*", "trunk": "pstn", "flow": "main"},
        ],
    },
    "fault": [{"span": "E1-1", "at_s": 20, "for_s": 5, "alarm": True}],
    "caller": [
        {
            "name": "cut",
            "line": "E1-1",
            "number": "13800000001",
            "to": "668800",
            "steps": [
                {"expect": "answered"},
                {"wait_s": 4},
                {"key": "1"},
                {"hear": "partner", "within_s": 20},
                {"expect": "released", "within_s": 30},
            ],
            "record": {"state": "closed", "cause": 27, "cleared_by": "line", "agent": "alice"},
        },
        {
            "name": "out",
            "line": "FXS-1/2",
            "at_s": 2,
            "steps": [
                {"hear": "tone:dial", "within_s": 3},
                {"key": "75551"},
                {"hear": "partner", "within_s": 30},
                {"expect": "released", "within_s": 40},
            ],
        },
    ],
    "answerer": [
        {
            "name": "alice",
            "line": "FXS-1/1",
            "ring_s": 1,
            "steps": [{"say": "demo-thanks"}, {"wait_s": 60, "may_clear": True}],
        },
        {
            "name": "uncle",
            "line": "FXO-1",
            "number": "5551",
            "ring_s": 3,
            "steps": [{"wait_s": 0.5}, {"say": "vm-rec-busy"}, {"wait_s": 15}, {"hang_up": True}],
        },
    ],
}


class Switch:
    """In the place of the board that a scenario's faults are ordered of: a card has no such order,
    the wire of the lab's card has."""

    def alarm(self, span: str, on: bool, _toward: str) -> None:
        assert span == "E1-1"
        card.put("e1/inside/span1/alarms", (card.RED | card.LOS) if on else 0)
        card.put("e1/inside/span2/alarms", card.YELLOW if on else 0)


@pytest.mark.usefixtures("cards")
def test_one_call_is_cut_by_an_alarm_and_the_other_goes_as_scripted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Plant, "board_of", lambda _plant, _span: Switch())
    played = perform(Scenario.model_validate(SCENARIO), virtual=False, data_dir=tmp_path)
    print(played.to_json())
    assert [verdict for verdict in played.verdicts if not verdict.ok] == []
    assert played.calls == 2
