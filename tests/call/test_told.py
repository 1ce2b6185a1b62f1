"""What an exchange says of a call, in one line each."""

from __future__ import annotations

import pytest

from drivers.events import (
    AdviceOfCharge,
    Alerting,
    CallWaits,
    Connected,
    Number,
    Redirecting,
    Setup,
)
from mediaserver.call.told import told

HIDDEN = Number("139", presentation=0x20)


def setup(**more) -> Setup:
    return Setup("E1", 3, 1, Number("1"), Number("2"), **more)


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (setup(), []),
        (setup(redirecting=Redirecting(Number("139"), "Li", "busy")), ["139 Li (busy)"]),
        (setup(redirecting=Redirecting(HIDDEN, "Li", "busy", 2)), ["withheld (busy, 2 times)"]),
        (setup(called_subaddress="7", calling_subaddress="9"), ["7"]),
        (Connected("E1", 2), []),
        (Connected("E1", 2, Number("139"), "Li"), ["139 Li"]),
        (Connected("E1", 2, HIDDEN, "Li"), ["withheld"]),
        (Connected("E1", 2, None, "Li"), ["Li"]),
        (Connected("E1", 2, Number(presentation=0x43), "Li"), ["Li"]),
        (setup(redirecting=Redirecting(Number(presentation=0x43))), ["unavailable (unknown)"]),
        (AdviceOfCharge("E1", 2, "12"), ["12 units"]),
        (AdviceOfCharge("E1", 2, "1.25", "CNY", True), ["1.25 CNY"]),
        (AdviceOfCharge("E1", 2, "0", final=True), ["free"]),
        (CallWaits("F", 2, Number("139"), "Li"), ["139 Li"]),
        (CallWaits("F", 2, HIDDEN), ["withheld"]),
        (CallWaits("F", 2, Number()), ["unavailable"]),
        (Alerting("E1", 2), []),
    ],
)
def test_each_in_one_line(event, lines):
    assert [text for _, text in told(event)] == lines


def test_what_it_is_called():
    event = setup(redirecting=Redirecting(Number("1")), called_subaddress="7")
    assert [what for what, _ in told(event)] == ["redirected", "subaddress"]
    assert told(AdviceOfCharge("E1", 2, "1"))[0][0] == "charge"
    assert told(AdviceOfCharge("E1", 2, "1", final=True))[0][0] == "charged"
