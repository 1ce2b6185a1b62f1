"""Spans in groups under common D channels (NFAS), held against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from mediaserver.config.boards import Span
from mediaserver.config.problems import Problem, Where
from mediaserver.config.settings import Settings

_Place = tuple[Where, "Span"]
#: What one signalling for all spans of a group can have once only.
_COMMON = ("side", "overlap", "isolate", "t309_s")
_COMMON_PRI = ("switch", "channel", "sending", "first_digits", "restart_on_start", "timers")


def check(settings: Settings) -> Iterator[Problem]:
    """Every contradiction between the spans of a group."""
    groups: dict[str, list[_Place]] = {}
    for i, board in enumerate(settings.boards):
        for j, span in enumerate(board.spans):
            if span.pri.nfas:
                groups.setdefault(span.pri.nfas, []).append((("board", i, "span", j), span))
    for name, places in groups.items():
        yield from _roles(name, places)
        yield from _interfaces(places)
        yield from _alike(name, places)


def _roles(name: str, places: list[_Place]) -> Iterator[Problem]:
    count = Counter(span.pri.d_channel for _, span in places)
    where, last = places[-1]
    if not count["primary"]:
        said = last.pri.d_channel
        yield Problem((*where, "pri", "d_channel"), f"group {name} has no primary D channel", said)
    for role in ("primary", "backup"):
        for where, _ in [place for place in places if place[1].pri.d_channel == role][1:]:
            yield Problem((*where, "pri", "d_channel"), f"group {name} has one already", role)


def _interfaces(places: list[_Place]) -> Iterator[Problem]:
    seen: dict[int, str] = {}
    for where, span in places:
        number = span.pri.interface
        if number in seen:
            yield Problem(
                (*where, "pri", "interface"), f"is that of {seen[number]} already", number
            )
        seen.setdefault(number, span.name)


def _alike(name: str, places: list[_Place]) -> Iterator[Problem]:
    """The first span of a group says how it is run."""
    _, first = places[0]
    for where, span in places[1:]:
        pairs: list[tuple[Where, Any, Any]] = [
            ((key,), getattr(span, key), getattr(first, key)) for key in _COMMON
        ]
        pairs += [
            (("pri", key), getattr(span.pri, key), getattr(first.pri, key)) for key in _COMMON_PRI
        ]
        for key, value, wanted in pairs:
            if value != wanted:
                what = f"must be as on {first.name}: group {name} has one signalling"
                yield Problem((*where, *key), what, value)
