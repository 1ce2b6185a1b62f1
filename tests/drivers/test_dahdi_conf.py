"""DAHDI's set-up file, read and written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.boards.dahdi import conf


def test_a_pri_span_gets_b_channels_its_d_channel_and_its_line_code() -> None:
    span = conf.SpanPlan(1, "pri", tuple(range(1, 32)))
    lines = conf.text([span], zone="cn").splitlines()
    assert "span=1,1,0,ccs,hdb3,crc4" in lines
    assert "bchan=1-15,17-31" in lines
    assert "dchan=16" in lines
    assert "alaw=1-31" in lines
    assert lines[-2:] == ["loadzone=cn", "defaultzone=cn"]


def test_r2_and_analog_spans_follow_with_their_own_words() -> None:
    spans = [
        conf.SpanPlan(1, "mfcr2", tuple(range(1, 32)), crc4=False, echo="mg2"),
        conf.SpanPlan(2, "fxs", (32, 33, 34, 35), line=False, echo="oslec", echo_on={1, 4}),
        conf.SpanPlan(3, "fxo", (36, 37), line=False),
    ]
    em = conf.text([conf.SpanPlan(1, "em", tuple(range(1, 32)))], zone="cn").splitlines()
    assert "span=1,1,0,cas,hdb3,crc4" in em and "cas=1-15,17-31:0001" in em
    lines = conf.text(spans, zone="us", law="ulaw").splitlines()
    assert "span=1,1,0,cas,hdb3" in lines
    assert "cas=1-15,17-31:1101" in lines
    assert "fxoks=32-35" in lines
    assert "fxsks=36-37" in lines
    assert "mulaw=1-37" in lines
    assert "echocanceller=mg2,1-15,17-31" in lines
    assert "echocanceller=oslec,32,35" in lines


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "system.conf"
    path.write_text(conf.text([conf.SpanPlan(1, "pri", tuple(range(1, 32)))], zone="cn"))
    read = {line.keyword: line.value for line in conf.read(path)}
    assert conf.channels_of(read["bchan"]) == [*range(1, 16), *range(17, 32)]
    assert read["defaultzone"] == "cn"


@pytest.mark.parametrize(
    ("text", "says"),
    [("span 1", "line 1: 'span 1' has no '='"), ("\n# x\nbchans=1", "line 3: .*'bchans'")],
)
def test_a_faulty_line_is_named(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "system.conf"
    path.write_text(text)
    with pytest.raises(conf.ConfError, match=says):
        conf.read(path)


def test_a_range_that_is_none_is_named() -> None:
    with pytest.raises(conf.ConfError, match="'x-3'"):
        conf.channels_of("1-2,x-3:1101")


@given(st.sets(st.integers(1, 1024)))
def test_ranges_say_the_same_channels(numbers: set[int]) -> None:
    if numbers:
        assert conf.channels_of(conf.ranges(numbers)) == sorted(numbers)
