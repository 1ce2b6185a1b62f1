"""DAHDI's numbers and its file in /proc, in words; the lab has a card say all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.boards.dahdi import proc, words
from drivers.boards.dahdi._dahdi import lib
from drivers.events import Alarm

RED, LOS, LFA, LMFA = (
    lib.DAHDI_ALARM_RED,
    lib.DAHDI_ALARM_LOS,
    lib.DAHDI_ALARM_LFA,
    lib.DAHDI_ALARM_LMFA,
)


@pytest.mark.parametrize(
    ("bits", "alarms", "told"),
    [
        (0, set(), []),
        (RED, {Alarm.RED}, ["red"]),
        (LOS, {Alarm.RED}, ["red (loss of signal)"]),
        (
            RED | LFA | LMFA,
            {Alarm.RED},
            ["red (loss of frame alignment, loss of multiframe alignment)"],
        ),
        (
            lib.DAHDI_ALARM_BLUE | lib.DAHDI_ALARM_YELLOW,
            {Alarm.AIS, Alarm.RAI},
            ["ais", "rai"],
        ),
        (LMFA, set(), []),
    ],
)
def test_alarms_are_told_with_their_reason(bits: int, alarms: set[Alarm], told: list[str]) -> None:
    assert words.alarms(bits) == alarms
    assert words.alarm_words(bits) == told


def test_what_is_no_alarm_is_a_condition_but_not_twice() -> None:
    assert [said for said, _ in words.conditions(LMFA)] == ["loss of multiframe alignment"]
    assert words.conditions(RED | LMFA) == []
    loop = words.conditions(RED | lib.DAHDI_ALARM_LOOPBACK)
    assert [said for said, _ in loop] == ["looped back for a test"]


def test_what_was_counted_is_named_and_nothing_is_not() -> None:
    assert words.error_words({"crc4": 3, "bpv": 0, "slips": 2}) == "3 CRC-4 errors, 2 slips"
    assert words.error_words({}) == ""


@pytest.mark.parametrize(
    ("bits", "told"),
    [
        (0, ""),
        (lib.DAHDI_CONFIG_CCS | lib.DAHDI_CONFIG_HDB3 | lib.DAHDI_CONFIG_CRC4, "CCS HDB3 CRC4"),
        (lib.DAHDI_CONFIG_HDB3, "CAS HDB3"),
        (lib.DAHDI_CONFIG_ESF | lib.DAHDI_CONFIG_B8ZS, "B8ZS ESF"),
    ],
)
def test_a_line_is_told_by_its_framing(bits: int, told: str) -> None:
    assert words.line_words(bits) == told


def test_what_proc_alone_tells(tmp_path: Path) -> None:
    (tmp_path / "2").write_text(
        'Span 2: TE2/0/2 "T2XXP (PCI) Card 0 Span 2" (MASTER) HDB3/CCS/CRC4 ClockSource \n'
        "\tBPV count: 4\n\tIRQ misses: 1\n\tTiming slips: 12\n\n"
        "\t  32 TE2/0/2/1 Clear (In use) (EC: VPMOCT064 - ACTIVE) \n"
        "\t  33 TE2/0/2/2 Clear (EC: VPMOCT064 - INACTIVE) \n"
    )
    assert proc.read(2, tmp_path) == proc.ProcSpan(True, 12, {"VPMOCT064": 2}, 1)
    (tmp_path / "3").write_text('Span 3: WCTDM/0 "Analog (MASTER)"\n\n\t   1 WCTDM/0/0 FXOKS \n')
    assert proc.read(3, tmp_path) == proc.ProcSpan()
    assert proc.read(4, tmp_path) is None
