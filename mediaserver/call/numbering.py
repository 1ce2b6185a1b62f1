"""Number rules: what becomes of a number on its way out through a trunk group.

The first rule whose pattern fits counts; a number that fits none goes as it is. Patterns are those
of routes (routing.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.events import Number
from mediaserver.call.routing import Fit, fit

#: Words for Q.931's type of number (4.5.10).
TYPES = {"unknown": 0, "international": 1, "national": 2, "network": 3, "subscriber": 4}


@dataclass(frozen=True, slots=True)
class NumberRule:
    """Take `strip` digits off the front, put `prepend` there, call it a number of `type`."""

    match: str
    strip: int = 0
    prepend: str = ""
    type: str = "unknown"


def outgoing(number: str, rules: Sequence[NumberRule]) -> Number:
    """The number as it is sent: digits and type."""
    for rule in rules:
        if fit(rule.match, number) in (Fit.FULL, Fit.OPEN):
            return Number(rule.prepend + number[rule.strip :], ton=TYPES[rule.type])
    return Number(number)
