"""Which recorded words make a number or a string of digits, in English.

The names are those of the Asterisk sound packages (digits/…).
"""

from __future__ import annotations

LARGEST = 999_999_999
_KEYS = {"*": "digits/star", "#": "digits/pound"}
_GROUPS = ((1_000_000, "digits/million"), (1000, "digits/thousand"))


def spell(digits: str) -> list[str]:
    """Prompt names of "12*#", one a key. Raises ValueError for anything else."""
    wrong = sorted({key for key in digits if key not in "0123456789*#"})
    if wrong or not digits:
        raise ValueError(f"digits {digits!r}: only 0–9, * and #, at least one")
    return [_KEYS.get(key, f"digits/{key}") for key in digits]


def parse(text: str) -> int:
    """Raises ValueError for what is not a whole number."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def words(number: int) -> list[str]:
    """Prompt names of a whole number. Raises ValueError beyond ±`LARGEST`."""
    if abs(number) > LARGEST:
        raise ValueError(f"number {number}: at most {LARGEST} can be said")
    if number < 0:
        return ["digits/minus", *words(-number)]
    if number == 0:
        return ["digits/0"]
    said: list[str] = []
    for size, name in _GROUPS:
        if number >= size:
            said += [*_below_thousand(number // size), name]
            number %= size
    return said + _below_thousand(number)


def _below_thousand(number: int) -> list[str]:
    said: list[str] = []
    if number >= 100:
        said += [f"digits/{number // 100}", "digits/hundred"]
        number %= 100
    if number > 20:
        said.append(f"digits/{number // 10 * 10}")
        number %= 10
    if number:
        said.append(f"digits/{number}")
    return said
