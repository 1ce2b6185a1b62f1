"""The counters of each kind of board as one kind of counts."""

from __future__ import annotations

from typing import Any

from mediaserver.linedoctor.counts import Counts, counts_of

CHANNELS = list(range(1, 31))
WIRE = {
    "bit_errors": 12,
    "slips": 2,
    "lost": 1,
    "lost_octets": 30 * 80,
    "underrun_octets": 30 * 16,
    "overrun_octets": 0,
}


def test_of_a_virtual_wire() -> None:
    found = counts_of({"channels": CHANNELS, "wire": WIRE})
    assert found == Counts(bits=12, slips=2, lost_ms=12)
    assert found.errored_blocks == 24


def test_of_an_e1_over_ip() -> None:
    status: dict[str, Any] = {
        "channels": CHANNELS,
        "packets": {"slips_repeated": 3, "slips_passed": 1, "lost": 8},
        "rx_gaps": 30 * 8 * 5 + 1,
        "tx_gaps": 0,
    }
    assert counts_of(status) == Counts(slips=4, lost_ms=6)


def test_of_a_card() -> None:
    errors = {"bpv": 4, "crc4": 9, "fas": 2, "ebit": 1, "irq_misses": 0, "errored_seconds": 3}
    status: dict[str, Any] = {
        "channels": CHANNELS,
        "errors": errors,
        "rx_gaps": 0,
        "tx_gaps": 240,
        "slips": 5,
    }
    assert counts_of(status) == Counts(bits=4, blocks=9, slips=5, lost_out_ms=1)
    without_crc = {**status, "errors": {**errors, "crc4": 0}}
    assert counts_of(without_crc).blocks == 2
    of_another_driver = {**status, "errors": {"cv": 6, "fe": 3, "slips": 2}}
    assert counts_of(of_another_driver) == Counts(bits=6, blocks=3, slips=2 + 5, lost_out_ms=1)


def test_counters_that_were_reset_begin_anew() -> None:
    before = Counts(bits=100, slips=5, lost_ms=7)
    assert Counts(bits=3, slips=5, lost_ms=9).since(before) == Counts(bits=3, slips=0, lost_ms=2)


def test_a_second_has_no_more_errored_blocks_than_blocks() -> None:
    assert Counts(bits=50_000, lost_ms=3000).errored_blocks == 1000
