"""What telephones and exchange lines may set: each wrong word is named, with what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from mediaserver.config import ConfigError, from_dict


def made(kind: str, **analog: Any) -> Any:
    span = {"name": "A-1", "kind": kind, "analog": analog}
    return next(
        from_dict({"board": [{"name": "b", "span": [span]}]}).spans(),
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
        ("fxo", {"caller_id": "bellcor"}, "bellcore"),
        ("e1", {"dial": "pulse"}, "fxs"),
        ("fxs", {"call_waiting": "yes"}, "call_waiting"),
        ("fxs", {"call_waiting": [0]}, "call_waiting"),
        ("fxs", {"call_waiting": [1, 9]}, "no port 9, of 8"),
    ],
)
def test_what_is_wrong_is_named(kind: str, analog: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        made(kind, **analog)


@pytest.mark.parametrize("given", [True, False, [2, 5]])
def test_call_waiting_is_for_all_telephones_or_some(given: Any) -> None:
    wanted = tuple(given) if isinstance(given, list) else given
    assert made("fxs", call_waiting=given).analog.options("cn")["call_waiting"] == wanted
    assert made("fxs").analog.options("cn")["call_waiting"] is False


def test_caller_id_is_as_the_country_does_it_unless_it_is_set() -> None:
    assert made("fxo").analog.scheme("cn").name == "bellcore"
    assert made("fxo", country="uk").analog.scheme("cn").name == "bt"
    assert made("fxo", caller_id="dtmf-dc").analog.scheme("cn").by == "dtmf"
    assert made("fxs", caller_id="off").analog.scheme("cn") is None


def trunk(**keys: Any) -> Any:
    span = {"name": "E-1", "kind": "e1", **keys}
    return next(from_dict({"board": [{"name": "b", "span": [span]}]}).spans())


def test_an_em_trunk_has_its_side_and_start() -> None:
    options = trunk(signalling="em", side="network", em={"start": "immediate"}).em.options(
        "network"
    )
    assert (options["start"], options["yields"]) == ("immediate", False)
    assert trunk(signalling="em").has_bits and not trunk().has_bits


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"em": {"start": "immediate"}}, 'signalling "em"'),
        ({"signalling": "em", "em": {"start": "ground"}}, "wink"),
        ({"signalling": "em", "em": {"on_hook": "1000"}}, "bit A"),
        ({"signalling": "em", "em": {"on_hook": "2"}}, "on_hook"),
        ({"signalling": "em", "variant": "itu"}, "mfcr2"),
    ],
)
def test_what_is_wrong_with_an_em_trunk_is_named(keys: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        trunk(**keys)
