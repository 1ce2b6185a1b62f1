"""The delay bench's own arithmetic and rows; the figures themselves are no test's business."""

from __future__ import annotations

import re

import numpy as np
import pytest

from bench import clicks, latency, suites
from dsp_ext import g711


def test_a_clicks_wait_is_counted_in_samples_from_when_it_went() -> None:
    times = clicks.Times(0.5, 2.0)
    out = g711.alaw_encode(clicks.train(times.total_s))
    back = np.roll(out, 123)
    assert clicks.waits(out, back, times) == pytest.approx(123 / 8)


def test_too_few_clicks_are_no_figure() -> None:
    silence = np.full(20_000, 0xD5, np.uint8)
    with pytest.raises(RuntimeError, match="only 0 clicks"):
        clicks.waits(silence, silence, clicks.Times(0.5, 2.0))


def test_rows_name_board_and_block_and_only_one_has_the_goal() -> None:
    rows = list(latency._rows("virtual", 5, np.array([10.0, 20.0, 30.0])))
    assert [row.name for row in rows] == [
        f"virtual: {what}, blocks of 5 ms"
        for what in ("one way p50", "one way p99", "round trip p50", "round trip p99")
    ]
    assert [row.goal for row in rows] == [None, 15, None, None]
    assert (rows[0].value, rows[2].value) == (10, 20)


def test_a_channels_io_is_measured_on_each_size() -> None:
    options = suites.Options(only=re.compile("virtual"), effort=0.01)
    ports = [latency.Wire(latency.SPAN, block=80).a for _ in range(4)]
    row = latency._io("virtual", ports, 1)
    assert row.name == "virtual: I/O of a channel and tick, 120 channels"
    assert 0 < row.value < 1e6
    assert list(options.chosen(latency.names())) == ["virtual"]


def test_where_dahdi_is_not_there_is_no_row_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "DAHDI", latency.Path("/nowhere"))
    assert list(latency.dahdi(clicks.Times(0.1, 0.1), 1)) == []
