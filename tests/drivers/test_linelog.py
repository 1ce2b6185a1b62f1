"""A line that shouts fills no log, and what libpri says is logged with the span's name."""

from __future__ import annotations

import asyncio
import logging

from drivers.boards.virtual.board import SpanSpec, make_pair
from drivers.signalling.linelog import LINES_A_MINUTE, LineLog
from drivers.signalling.pri.settings import PriSettings
from drivers.signalling.pri.signalling import PriSignalling
from tests.drivers.world import StillWire, run


def test_so_many_lines_a_minute_then_a_count(caplog):
    caplog.set_level(logging.INFO)
    lines = LineLog(logging.getLogger("test"), "E1")
    for number in range(1000):
        lines.write(logging.INFO, f"line {number}", 5.0 + number * 0.01)
    assert len(caplog.messages) == LINES_A_MINUTE and caplog.messages[0] == "E1: line 0"
    lines.write(logging.WARNING, "later", 66.0)
    assert caplog.messages[-2:] == ["E1: 980 more lines not shown", "E1: later"]


def test_what_libpri_says_is_logged(caplog, capfd):
    caplog.set_level(logging.INFO)

    async def scenario():
        near, far = make_pair([SpanSpec.of("e1", "E1-7", "X")], wire=StillWire)
        line = PriSignalling(near.span("E1-7"), lambda event: None, PriSettings())
        line.start()
        for _ in range(100):
            far.span("X").send_frame(bytes.fromhex("0201af"))  # XID
        await asyncio.sleep(1)
        line.stop()
        far.span("X").send_frame(bytes.fromhex("0201af"))
        await asyncio.sleep(1)

    run(scenario())
    assert len(caplog.messages) == LINES_A_MINUTE
    assert all(message.startswith("E1-7: ") for message in caplog.messages)
    assert capfd.readouterr() == ("", "")
