"""Spans over IP in the configuration file: what is allowed, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaserver.config.cesopsn import address, timeslots
from mediaserver.config.load import from_dict
from mediaserver.config.problems import ConfigError
from mediaserver.config.settings import Settings

SPAN = {"name": "E1-1", "kind": "e1", "local": "40001", "remote": "192.0.2.7:40002"}


def settings(*spans: dict[str, Any], kind: str = "cesopsn") -> Settings:
    return from_dict({"board": [{"name": "ip", "type": kind, "span": list(spans)}]})


def test_a_span_over_ip_has_the_channels_its_time_slots_make() -> None:
    (span,) = settings(SPAN).spans()
    assert span.numbers == (*range(1, 16), *range(17, 32))
    (span,) = settings({**SPAN, "timeslots": "1-4,16"}).spans()
    assert span.numbers == (1, 2, 3, 4)
    (span,) = settings({**SPAN, "signalling": "mfcr2", "packet_ms": 2}).spans()
    assert span.carried("mfcr2") == span.numbers == (*range(1, 16), *range(17, 32))


@pytest.mark.parametrize(
    ("over", "says"),
    [
        ({"remote": ""}, "local and remote"),
        ({"local": "", "remote": "", "rtp": True}, "local and remote"),
        ({"local": "example.org:40001"}, "ADDRESS:PORT"),
        ({"local": "127.0.0.1"}, "ADDRESS:PORT"),
        ({"local": "300.0.0.1:40001"}, "no IP address"),
        ({"local": "0"}, "ADDRESS:PORT"),
        ({"local": "65536"}, "ADDRESS:PORT"),
        ({"kind": "fxs"}, "of an E1"),
        ({"timeslots": "1-32"}, "1 to 31"),
        ({"timeslots": "2,1"}, "rising"),
        ({"timeslots": "x"}, "time slots"),
        ({"timeslots": "1-15"}, "16 for its D channel"),
        ({"timeslots": "16"}, "others for calls"),
        ({"packet_ms": 9}, "8"),
        ({"signalling": "mfcr2"}, "1 or 2"),
        ({"signalling": "mfcr2", "packet_ms": 2, "timeslots": "1-31"}, "16 is not"),
        ({"jitter_ms": [9, 8]}, "least and the most"),
        ({"jitter_ms": [0, 501]}, "500"),
        ({"clock": "theirs"}, "own"),
    ],
)
def test_what_does_not_fit_is_said(over: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        settings({**SPAN, **over})


def test_local_and_remote_are_of_boards_over_ip() -> None:
    with pytest.raises(ConfigError, match="have no meaning on others"):
        settings(SPAN, kind="virtual")
    with pytest.raises(ConfigError, match="needed on a board"):
        settings({"name": "E1-1", "kind": "e1"})


def test_two_spans_cannot_listen_on_one_address() -> None:
    other = {**SPAN, "name": "E1-2", "remote": "40009"}
    with pytest.raises(ConfigError, match="already"):
        settings(SPAN, {**other, "local": "127.0.0.1:40001"})
    with pytest.raises(ConfigError, match="already"):
        settings({**SPAN, "remote": "40003", "far": True}, {**other, "local": "40003"})
    settings(SPAN, {**other, "local": "40003"})


def test_one_line_can_be_the_clock() -> None:
    spans = [{**SPAN, "name": f"E1-{n}", "local": f"4100{n}", "clock": "line"} for n in (1, 2)]
    settings(spans[0])
    with pytest.raises(ConfigError, match="already"):
        settings(*spans)


@given(st.text("0123456789.:[]abcdef-, ", max_size=24))
def test_any_text_is_an_address_or_is_not(text: str) -> None:
    try:
        host, port = address(text)
    except ValueError:
        return
    assert host
    assert 1 <= port <= 65535


@given(st.text("0123456789-, ", max_size=16))
def test_any_text_is_time_slots_or_is_not(text: str) -> None:
    try:
        found = timeslots(text)
    except ValueError:
        return
    assert list(found) == sorted(set(found))
    assert set(found) <= set(range(1, 32))


def test_addresses() -> None:
    assert address("40001") == ("127.0.0.1", 40001)
    assert address("[::1]:5") == ("::1", 5)
    assert timeslots("1-3, 16,31") == (1, 2, 3, 16, 31)
