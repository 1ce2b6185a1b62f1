"""Routing: what becomes of a called number, and whether it is complete.

Patterns: digits stand for themselves, `X` for any one digit, a last `*` for any
further digits (none too). The first route whose pattern and trunk match wins.
In overlap receiving a number may be matched, may still become one, or never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Fit(Enum):
    """How a number stands to a pattern."""

    FULL = "full"  # no further digit would fit
    OPEN = "open"  # it fits, and so may more digits
    PARTIAL = "partial"  # more digits could make it fit
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Route:
    """Where calls to `called` go: a flow, an agent, an extension, or out through a trunk group."""

    called: str
    flow: str = ""
    agent: str = ""
    extension: str = ""  # its number; "dialled": the called number, less `strip`
    out: str = ""  # trunk group
    strip: int = 0  # leading digits taken off before dialling
    trunk: str = ""  # only calls that come in by this group
    inside: bool = False  # only calls from telephones of the house


@dataclass(frozen=True, slots=True)
class Verdict:
    """`route` is set where the number fits; `fit` says whether to wait for more digits."""

    fit: Fit
    route: Route | None = None


def fit(pattern: str, digits: str) -> Fit:
    """How `digits` stands to `pattern`."""
    open_ended = pattern.endswith("*")
    fixed = pattern[:-1] if open_ended else pattern
    for want, got in zip(fixed, digits, strict=False):
        if want != got and not (want == "X" and got.isdigit()):
            return Fit.NONE
    if len(digits) < len(fixed):
        return Fit.PARTIAL
    if open_ended:
        return Fit.OPEN
    return Fit.FULL if len(digits) == len(fixed) else Fit.NONE


class Routing:
    """The routes in their order; pure, so that a what-if asks the same code."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = tuple(routes)

    def decide(self, digits: str, trunk: str, inside: bool = False) -> Verdict:
        """The first route `digits` fits, or whether it still may fit one.

        trunk : the group the call comes in by; inside : it is from a telephone of the house
        """
        partial = False
        for route in self._routes:
            if (route.trunk and route.trunk != trunk) or (route.inside and not inside):
                continue
            how = fit(route.called, digits)
            if how in (Fit.FULL, Fit.OPEN):
                return Verdict(Fit.OPEN if partial else how, route)
            partial = partial or how is Fit.PARTIAL
        return Verdict(Fit.PARTIAL if partial else Fit.NONE)
