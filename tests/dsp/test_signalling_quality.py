"""The quality rows of MF-R2, caller ID and HDLC as tests: each limit met, with fewer trials."""

from __future__ import annotations

import pytest

from bench.quality import fsk as quality_fsk
from bench.quality import hdlc as quality_hdlc
from bench.quality import mfr2 as quality_mfr2
from bench.report import Result


def _all_meet(results: list[Result]) -> None:
    assert results
    missed = [f"{r.name}: {r.value} {r.unit}, goal {r.goal}" for r in results if not r.meets]
    assert not missed


@pytest.mark.parametrize("name", quality_mfr2.SETS)
def test_mfr2_meets_q455(name: str) -> None:
    _all_meet([*quality_mfr2.limits(name), *quality_mfr2.false_signals(name)])


def test_caller_id_comes_through() -> None:
    _all_meet(quality_fsk.round_trips(trials=24))
    assert quality_fsk.dtmf_right(12) == 100


def test_a_spoiled_caller_id_message_is_never_good() -> None:
    sent = [quality_fsk.encode(caller, "MDMF") for caller in quality_fsk.callers(60)]
    pcm = quality_fsk.over_the_line(quality_fsk.spoiled(sent), "bell202", snr_db=40)
    assert not any(quality_fsk.ours(pcm, "bell202"))


def test_hdlc_through_bit_errors_and_noise() -> None:
    _all_meet(quality_hdlc.bit_errors(20_000))
    _all_meet([quality_hdlc.random_octets()])
