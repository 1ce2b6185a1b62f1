"""Extensions: the telephones of the house by number, those of agents among them.

What: finds whom an internal number rings, whose telephone a line is, and which telephones ring at
every call. An extension is a port of ours, or a number behind a trunk group (a PBX).
How: every number can be dialled from telephones of the house without a route of its own; routes
that are written down come first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mediaserver.call.dialler import Target
from mediaserver.call.routing import Route
from mediaserver.config.settings import Settings

#: In place of a number in a route: the one that was dialled, less what is stripped.
DIALLED = "dialled"


@dataclass(frozen=True, slots=True)
class Extension:
    """One telephone. always_rings : "call" or "person", see ivr/always.py; "" for a usual one."""

    number: str
    target: Target
    display: str = ""
    always_rings: str = ""


class Extensions:
    """All of them; their numbers differ."""

    def __init__(self, extensions: Iterable[Extension] = ()) -> None:
        self._by_number = {each.number: each for each in extensions}

    def find(self, number: str) -> Extension | None:
        """Whose number it is."""
        return self._by_number.get(number)

    def at(self, line: str) -> Extension | None:
        """Whose telephone is on the port `line` ("FXS-1/3")."""
        return next((x for x in self._by_number.values() if x.target.line == line), None)

    def always_ringing(self) -> tuple[Extension, ...]:
        """Those that ring at every call from outside."""
        return tuple(each for each in self._by_number.values() if each.always_rings)

    def routes(self) -> list[Route]:
        """What lets telephones of the house dial each other."""
        return [Route(n, extension=n, inside=True) for n in self._by_number if n.isdigit()]


def extensions_of(settings: Settings) -> Extensions:
    """Agents' telephones and plain extensions."""
    found = [
        Extension(a.number, Target(a.name, a.line, a.trunk, a.number), a.display)
        for a in settings.agents
    ]
    found += [
        Extension(x.number, Target(x.number, x.line, x.trunk, x.number), x.display, x.always_rings)
        for x in settings.extensions
    ]
    return Extensions(found)
