"""What a check finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """`state`: "ok"; "warn": works, but not as well as it could; "fail": does not work."""

    check: str
    state: str
    text: str
    todo: str = ""

    def as_data(self) -> dict[str, Any]:
        return asdict(self)


Check = Callable[[], Iterable[Finding]]


def ok(check: str, text: str) -> Finding:
    return Finding(check, "ok", text)


def warn(check: str, text: str, todo: str) -> Finding:
    return Finding(check, "warn", text, todo)


def fail(check: str, text: str, todo: str) -> Finding:
    return Finding(check, "fail", text, todo)


def examine(checks: Iterable[tuple[str, Check]]) -> Iterator[Finding]:
    """Every check's findings. A check that itself fails is a finding, and the others go on."""
    for name, check in checks:
        try:
            yield from check()
        except Exception as error:
            yield fail(
                name,
                f"cannot be checked: {type(error).__name__}: {error}",
                "this is a fault of the check: please report it with this text",
            )
