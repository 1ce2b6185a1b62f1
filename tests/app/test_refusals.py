"""What the whole server refuses, it refuses by a sentence's code, with what was meant in it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.said import worded
from mediaserver.app.control import AppControl
from mediaserver.cti.messages import CtiError
from mediaserver.cti.methods import FaultsParams, LineFaults
from mediaserver.cti.sentences import SENTENCES
from tests.app.plants import needs_sounds, running, virtually

pytestmark = needs_sounds

Ask = Callable[[AppControl], Any]
TRACED = {"after": 0, "before": 0, "last": 1, "silent": False}
LOUD = LineFaults(cas="12")

#: What is asked → code of the error, of its sentence, and what its English names.
REFUSED: dict[str, tuple[Ask, str, str, str]] = {
    "hangup": (lambda c: c.hangup("c9", "sue"), "not_found", "call.none", "c9"),
    "join": (lambda c: c.join("c9", "sue"), "not_found", "call.none", "c9"),
    "service": (lambda c: c.service("E1-1/x", True, "t"), "not_found", "channel.none", "E1-1/x"),
    "agent": (lambda c: c.set_agent("eve", "ready", ""), "not_found", "agent.none", "eve"),
    "state": (lambda c: c.set_agent("alice", "flying", ""), "bad_params", "agent.state", "flying"),
    "trace": (lambda c: c.trace("FXS-1", **TRACED), "not_found", "trace.none", "analog"),
    "line": (lambda c: c.line("E1-9", 1), "not_found", "span.none", "E1-9"),
    "check": (
        lambda c: c.line_check("E1-1/99", ["noise"], {}, "t"),
        "not_found",
        "channel.none",
        "E1-1/99",
    ),
    "check's name": (
        lambda c: c.line_check("E1-1/1", ["smell"], {}, "t"),
        "conflict",
        "check.unknown",
        "smell",
    ),
    "run": (lambda c: c.line_result(7), "not_found", "check.none", "7"),
    "stop": (lambda c: c.line_stop(7, "t"), "not_found", "check.none", "7"),
    "telephone": (
        lambda c: c.message_waiting("E1-1/1", True),
        "not_found",
        "telephone.none",
        "E1-1/1",
    ),
    "tone": (lambda c: c.busy_tones("FXO-1/1"), "not_found", "busy_tone.none", "FXO-1/1"),
    "board": (lambda c: c.faults(FaultsParams(span="X")), "not_found", "virtual", "X"),
    "fault": (
        lambda c: c.faults(FaultsParams(span="E1-1", settings=LOUD)),
        "bad_params",
        "faults",
        "cas",
    ),
}


def test_each_refusal_has_its_code(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path) as plant:
            control = AppControl(plant.app)
            for name, (ask, code, what, names) in REFUSED.items():
                with pytest.raises(CtiError) as caught:
                    answer = ask(control)
                    if inspect.isawaitable(answer):
                        await answer
                body = caught.value.body()
                said = body["said"]
                assert said is not None, name
                assert (body["code"], said["code"]) == (code, what), name
                assert names in body["message"] == worded(said, SENTENCES), name

    virtually(work)
