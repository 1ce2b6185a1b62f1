"""How a technician is told of a card: framing, clock, alarms, counters, in plain words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from drivers.boards.dahdi import proc, words
from drivers.boards.dahdi.device import Control
from mediaserver.commands import dahdi
from mediaserver.config import from_dict
from mediaserver.doctor.cards import dahdi as look_at_cards
from tests.lab.dahdi.inside import card
from tests.lab.dahdi.inside.card import FAR, NEAR, PORTS

pytestmark = pytest.mark.usefixtures("cards")
SPAN1, SPAN2 = "e1/inside/span1", "e1/inside/span2"
COUNTERS = ("bpv", "cv", "crc4", "ebit", "fas", "fe", "be", "timingslips")


@pytest.fixture(autouse=True)
def quiet_wires() -> Iterator[None]:
    """Each test leaves the card as it found it."""
    yield
    for span in (SPAN1, SPAN2):
        for name in ("alarms", *COUNTERS, "errsec", "prbs"):
            card.put(f"{span}/{name}", 0)
    card.put("e1/inside/irqmisses", 0)
    card.put("analog/inside/port3/cut", 0)


def said(span: int) -> list[tuple[str, str, str]]:
    """(state, text, what to do) of what the doctor says of a span."""
    found = list(look_at_cards(from_dict({})))
    return [(each.state, each.text, each.todo) for each in found if each.check == f"span {span}"]


def listed() -> dict[int, dict[str, Any]]:
    done = CliRunner().invoke(dahdi.command, ["spans", "--json"])
    assert done.exit_code == 0, done.output
    return {each["span"]: each for each in json.loads(done.output)}


def test_the_doctor_names_framing_line_code_clock_and_canceller() -> None:
    ((state, text, _),) = said(NEAR)
    assert state == "ok"
    assert text.startswith("Lab card, two E1, span 1; CCS HDB3 CRC4; clock from span 21; ")
    assert "31 of 31 channels set up; 30 clear, 1 D channel" in text
    ((state, text, _),) = said(PORTS)
    assert state == "ok"
    assert "2 FXS port, kewl start, 2 FXO port, kewl start" in text


def test_one_span_is_named_as_the_one_all_of_dahdi_ticks_by() -> None:
    masters = [number for number, each in listed().items() if each["master"]]
    assert len(masters) == 1
    assert "; DAHDI's timing master; " in said(masters[0])[0][1]
    assert "timing master" not in said(FAR if masters[0] == NEAR else NEAR)[0][1]
    table = CliRunner().invoke(dahdi.command, ["spans"], env={"COLUMNS": "200"}).output
    (row,) = (line for line in table.splitlines() if ", master" in line)
    assert row.split()[0] == str(masters[0])


def test_a_span_in_alarm_gives_no_clock() -> None:
    assert listed()[FAR]["sync_source"] == listed()[NEAR]["sync_source"] == NEAR
    card.put(f"{SPAN1}/alarms", card.RED)
    assert listed()[NEAR]["sync_source"] == listed()[FAR]["sync_source"] == 0


@pytest.mark.parametrize(
    ("bits", "state", "told", "todo"),
    [
        (card.RED, "fail", "in alarm: red", "is the cable in"),
        (card.RED | card.LOS, "fail", "in alarm: red (loss of signal)", "is the cable in"),
        (card.LOS, "fail", "in alarm: red (loss of signal)", "is the cable in"),
        (card.RED | card.LFA, "fail", "in alarm: red (loss of frame alignment)", "but no frame"),
        (card.RED | card.LMFA, "fail", "red (loss of multiframe alignment)", "but no frame"),
        (card.LMFA, "warn", "loss of multiframe alignment", "CRC4 and CAS"),
        (card.BLUE, "fail", "in alarm: ais", "the far end's equipment"),
        (card.YELLOW, "fail", "in alarm: rai", "does not hear us"),
        (card.BLUE | card.YELLOW, "fail", "in alarm: ais, rai", "the far end's equipment"),
        (card.RECOVER, "warn", "recovering from an alarm", "a few seconds"),
        (card.NOTOPEN, "warn", "not open", "no program uses it"),
    ],
)
def test_every_alarm_has_its_words(bits: int, state: str, told: str, todo: str) -> None:
    card.put(f"{SPAN1}/alarms", bits)
    found = [each for each in said(NEAR) if told in each[1]]
    assert [(each[0], todo in each[2]) for each in found] == [(state, True)], said(NEAR)
    row = listed()[NEAR]
    assert any(told.removeprefix("in alarm: ") in ", ".join(all_of) for all_of in _shown(row))


def _shown(row: dict[str, Any]) -> tuple[list[str], list[str]]:
    return row["alarm_words"], row["conditions"]


def test_every_counter_has_its_name_and_can_be_set_to_0() -> None:
    for count, name in enumerate(COUNTERS, 1):
        card.put(f"{SPAN1}/{name}", count)
    card.put("e1/inside/irqmisses", 9)
    card.put(f"{SPAN1}/errsec", 10)
    counted = {"slips" if name == "timingslips" else name: n for n, name in enumerate(COUNTERS, 1)}
    wanted = {**counted, "irq_misses": 9, "errored_seconds": 10}
    assert listed()[NEAR]["errors"] == wanted
    (text,) = (each[1] for each in said(NEAR) if each[1].startswith("counted: "))
    for name, count in wanted.items():
        assert f"{count} {words.ERRORS[name]}" in text
    control = Control()
    control.maintain(NEAR, "reset")
    control.close()
    left = {name: n for name, n in listed()[NEAR]["errors"].items() if n}
    assert left == {"irq_misses": 9}, "that is the whole card's"


def test_a_test_pattern_is_told() -> None:
    card.put(f"{SPAN1}/prbs", 2)
    assert any("a test pattern is received (PRBS 2)" in text for _, text, _ in said(NEAR))


def test_a_port_without_battery_is_named() -> None:
    card.put("analog/inside/port3/cut", 1)
    for _ in range(200):
        if len(said(PORTS)) > 1:
            break
    assert ("fail", "no battery on port 3") in [(state, text) for state, text, _ in said(PORTS)]


def test_what_only_proc_tells() -> None:
    card.put(f"{SPAN2}/timingslips", 3)
    told = proc.read(FAR)
    assert told is not None and told.slips == 3
    assert proc.read(99) is None
