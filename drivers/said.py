"""What is said to people, as data: a sentence's code and what is filled in, worded when shown.

What: `Book` has the sentences of one family, in English; `Said` is one of them, filled. It travels
as a code and values (`as_data`), and a client words it in its own language (`worded`).
How: a place to fill takes a figure, a name, or something said in its turn. A sentence with `PARTS`
is what stands between several things said.
Limits: the English text is the key of the translations, so that two things that are one word in
English must be one word in every language, or have two texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PARTS = "parts"


def N_(text: str) -> str:
    """Marks a text for the translations."""
    return text


@dataclass(frozen=True, slots=True)
class Said:
    """code : of its book; values : figures, names, further `Said`; under `PARTS` a tuple of them.

    text : the sentence in English, its places (`%(name)s` of Python) not filled.
    """

    code: str
    values: Mapping[str, Any]
    text: str

    def __str__(self) -> str:
        if PARTS in self.values:
            return self.text.join(str(each) for each in self.values[PARTS])
        return self.text % self.values

    def as_data(self) -> dict[str, Any]:
        """For CTI and JSON."""
        return {
            "code": self.code,
            "values": {name: _data(value) for name, value in self.values.items()},
        }


class Book:
    """sentences : by code, each with its English text."""

    def __init__(self, sentences: Mapping[str, str]) -> None:
        self.sentences = sentences

    def say(self, code: str, **values: Any) -> Said:
        """A sentence. Raises KeyError for one there is not, or one whose places are not filled."""
        said = Said(code, values, self.sentences[code])
        str(said)
        return said

    def join(self, code: str, parts: Sequence[Said | str]) -> Said | str:
        """Several things said, with `code`'s text between them; one is itself, none is ""."""
        if len(parts) < 2:
            return parts[0] if parts else ""
        return Said(code, {PARTS: tuple(parts)}, self.sentences[code])


def _data(value: Any) -> Any:
    if isinstance(value, Said):
        return value.as_data()
    return [_data(each) for each in value] if isinstance(value, tuple) else value


def as_data(said: Said | str | None) -> dict[str, Any] | None:
    """For CTI and JSON; None for nothing said, and for what is the same in every language."""
    return said.as_data() if isinstance(said, Said) else None


def worded(
    data: Mapping[str, Any] | None,
    sentences: Mapping[str, str],
    translate: Callable[[str], str] = str,
) -> str:
    """What was said, from its data; "" for None. `translate` gives an English text in a language.

    Raises KeyError for what there is no sentence for.
    """
    if data is None:
        return ""
    text = translate(sentences[data["code"]])
    values = data["values"]
    if PARTS in values:
        return text.join(str(_filled(each, sentences, translate)) for each in values[PARTS])
    return text % {name: _filled(each, sentences, translate) for name, each in values.items()}


def _filled(value: Any, sentences: Mapping[str, str], translate: Callable[[str], str]) -> Any:
    return worded(value, sentences, translate) if isinstance(value, Mapping) else value
