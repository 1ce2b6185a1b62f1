"""What the line doctor says: a sentence's code and what is filled in, put into words when shown.

`Said` travels as data (`as_data`), and a client puts it into its own language with `words`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mediaserver.linedoctor.sentences import BETWEEN, SENTENCES


@dataclass(frozen=True, slots=True)
class Said:
    """code : of SENTENCES; values : by the names of the places: figures, names, a further `Said`

    or a tuple of them.
    """

    code: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        return words(self.as_data())

    def as_data(self) -> dict[str, Any]:
        """For CTI and JSON."""
        return {
            "code": self.code,
            "values": {name: _data(value) for name, value in self.values.items()},
        }


def say(code: str, **values: Any) -> Said:
    """A sentence. Raises KeyError for one there is not, or one whose places are not filled."""
    said = Said(code, values)
    str(said)
    return said


def _data(value: Any) -> Any:
    if isinstance(value, Said):
        return value.as_data()
    return [_data(each) for each in value] if isinstance(value, tuple) else value


def together(said: Iterable[Said | None]) -> Said | None:
    """Several as one, None left out; None for none."""
    parts = tuple(each for each in said if each is not None)
    if len(parts) < 2:
        return parts[0] if parts else None
    return Said("together", {"parts": parts})


def words(said: Mapping[str, Any] | None, translate: Callable[[str], str] = str) -> str:
    """A sentence's data in words; "" for None. `translate` gives an English text in a language.

    Raises KeyError for what this program has no sentence for.
    """
    if said is None:
        return ""
    values = {name: _filled(value, translate) for name, value in said["values"].items()}
    if said["code"] == "together":
        return str(values["parts"])
    return translate(SENTENCES[said["code"]]) % values


def _filled(value: Any, translate: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return words(value, translate)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return translate(BETWEEN).join(words(each, translate) for each in value)
    return value
