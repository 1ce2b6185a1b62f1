"""Eight spans at once, and the bench of delay and I/O on DAHDI."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from bench.latency import BLOCKS_MS, SIZES
from drivers.base import SpanKind
from drivers.boards.dahdi.board import DahdiSpec, make_board
from dsp_ext.engine import Engine, EngineThread

BLOCK = 80
#: Of ../system.conf; 7 and 8 are analog.
E1_SPANS = (1, 2, 3, 4, 5, 6, 9, 10)


def test_eight_spans_lose_nothing() -> None:
    async def run() -> None:
        specs = [DahdiSpec(f"E1-{n}", SpanKind.E1, n) for n in E1_SPANS]
        board = make_board("lab", specs, block=BLOCK)
        engine = Engine(240, block=BLOCK)
        for place, span in enumerate(board.spans):
            engine.attach(30 * place, span.port)
        thread = EngineThread([engine], priority=50)
        thread.start()
        await asyncio.sleep(2.0)
        thread.stop()
        assert engine.counters()["ticks"] > 190
        for status in board.status():
            assert (status["rx_gaps"], status["tx_gaps"], status["slips"]) == (0, 0, 0), status
            assert "write underrun" not in status["events"]
        board.close()

    asyncio.run(run())


def test_one_way_is_the_block_received_and_the_one_sent_ahead(tmp_path: Path) -> None:
    """A buffer less than the goal, each time: no channel begins just after the tick."""
    file = tmp_path / "latency.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench", "latency", "--only", "dahdi"),
            *("--quick", "--json", str(file)),
        ],
        capture_output=True,
        text=True,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {row["name"]: row for row in json.loads(file.read_text())["results"]}
    for block_ms in BLOCKS_MS:
        row = rows[f"dahdi: one way p99, blocks of {block_ms} ms"]
        assert row["value"] == 2 * block_ms < row["goal"] == 3 * block_ms
        assert row["peer_value"] > 0
    joined = rows["dahdi: joined in the driver: one way p99, blocks of 10 ms"]
    assert 0 < joined["value"] < joined["goal"] == 5 < joined["peer_value"]
    for size in SIZES:
        assert rows[f"dahdi: I/O of a channel and tick, {size} channels"]["peer_value"] > 0
