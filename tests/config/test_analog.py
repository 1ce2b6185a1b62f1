"""What telephones and exchange lines may set: each wrong word is named, with what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from mediaserver.config import ConfigError, Settings


def made(kind: str, **analog: Any) -> Any:
    span = {"name": "A-1", "kind": kind, "analog": analog}
    return next(
        Settings.from_dict({"board": [{"name": "b", "span": [span]}]}).spans(),
    )


def test_what_is_set_reaches_the_signalling() -> None:
    span = made("fxo", disconnect=["silence", "polarity"], dial="pulse", answer_after_s=0.0)
    options = span.analog.options("us")
    assert options["country"] == "us" and options["disconnect"] == ("silence", "polarity")
    assert (options["dial"], options["answer_after_s"]) == ("pulse", 0.0)
    assert made("fxs", country="uk").analog.options("us")["country"] == "uk"


@pytest.mark.parametrize(
    ("kind", "analog", "says"),
    [
        ("fxo", {"country": "ch1na"}, "cn"),
        ("fxo", {"disconnect": []}, "at least 1"),
        ("fxo", {"disconnect": ["hope"]}, "busy"),
        ("fxo", {"silence_s": 1.0}, "5"),
        ("fxo", {"answer": "perhaps"}, "polarity"),
        ("e1", {"dial": "pulse"}, "fxs"),
    ],
)
def test_what_is_wrong_is_named(kind: str, analog: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        made(kind, **analog)
