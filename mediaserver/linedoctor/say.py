"""What the line doctor says: its sentences, as data that is put into words when shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from drivers.said import Book, Said, worded
from mediaserver.linedoctor.sentences import SENTENCES

_BOOK = Book(SENTENCES)
say = _BOOK.say


def together(said: Iterable[Said | None]) -> Said | None:
    """Several as one, None left out; None for none."""
    parts = [each for each in said if each is not None]
    whole = _BOOK.join("together", parts)
    return whole if isinstance(whole, Said) else None


def words(said: Mapping[str, Any] | None, translate: Callable[[str], str] = str) -> str:
    """A sentence's data in words, as `drivers.said.worded` gives them."""
    return worded(said, SENTENCES, translate)
