"""What figures of a line mean, in plain words, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from mediaserver.linedoctor.g826 import Totals

OK, WARN, BAD = "ok", "warn", "bad"
#: G.826 table 1, 1.5 to 5 Mbit/s: shares of available seconds an international path may have.
MOST_ES, MOST_SES = 0.04, 0.002
LOUD_DBM0, QUIET_DBM0, SPEAKS_DBM0 = -6.0, -35.0, -45.0
NOISY_DBM0 = -50.0
LEAST_ERL_DB, LEAST_ERLE_DB = 6.0, 18.0
HEARD_ECHO_DB = 40.0  # loss from which an echo is not heard

_ALARMS = {
    "red": (
        "no signal or no frame is received",
        "look at the cable and at the far end; framing and line code must be the same on both",
    ),
    "ais": (
        "all ones are received",
        "the equipment next on the line has lost its own input: ask who runs it",
    ),
    "rai": (
        "the far end says that it does not receive us",
        "look at our transmit pair, and at framing and line code",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a line. state : "ok", "warn" or "bad"; todo : what to do about it."""

    what: str
    state: str
    text: str
    todo: str = ""

    def as_data(self) -> dict[str, str]:
        """For CTI and JSON."""
        return asdict(self)


class HasState(Protocol):
    """A finding, or a verdict."""

    @property
    def state(self) -> str: ...


def level_words(level_dbm0: float, places: int = 0) -> str:
    """A level; what no law can carry is silence."""
    return "silence" if level_dbm0 < -80 else f"{level_dbm0:.{places}f} dBm0"


def worst(found: Iterable[HasState]) -> str:
    """The worst state of all; "ok" for none."""
    states = {each.state for each in found}
    return next((state for state in (BAD, WARN) if state in states), OK)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2g} %" if whole else "0 %"


def of_span(alarms: Iterable[str], totals: Totals, available: bool) -> Iterator[Finding]:
    """Of a span in service, by its alarms and what was counted."""
    for alarm in sorted(alarms):
        text, todo = _ALARMS.get(alarm, (f"alarm {alarm}", ""))
        yield Finding("alarm", BAD, f"{alarm}: {text}", todo)
    usable = totals.seconds - totals.uas
    if not available:
        yield Finding(
            "errors", BAD, "unavailable: ten severely errored seconds in a row", "see the alarms"
        )
    if totals.es:
        much = totals.es > MOST_ES * usable or totals.ses > MOST_SES * usable
        text = (
            f"{totals.es} errored and {totals.ses} severely errored of {usable} usable seconds "
            f"({_share(totals.es, usable)} and {_share(totals.ses, usable)}; "
            f"G.826 allows {100 * MOST_ES:g} % and {100 * MOST_SES:g} %)"
        )
        todo = "cable, connectors, a repeater: `mediaserver lines test` with a loop tells more"
        yield Finding("errors", WARN if much else OK, text, todo if much else "")
    elif usable:
        yield Finding("errors", OK, f"none in {usable} seconds")
    if totals.slips:
        yield Finding(
            "slips",
            WARN,
            f"{totals.slips}: the two ends are not on one clock",
            "take the clock from the line that comes from the network (DAHDI: span= timing 1)",
        )
    if totals.lost_ms or totals.lost_out_ms:
        yield Finding(
            "gaps",
            WARN,
            f"{totals.lost_ms} ms missing of what is received, {totals.lost_out_ms} ms of what is "
            "sent",
            "a busy machine or a network that loses packets: see `mediaserver status`",
        )


def of_channel(figures: Mapping[str, Any]) -> Iterator[Finding]:
    """Of a channel in service, by its levels and its echo canceller."""
    level, floor = figures["in_dbm0"], figures["noise_dbm0"]
    yield _level(level)
    text = f"{level_words(floor)} when nobody speaks"
    if floor > NOISY_DBM0:
        todo = "speech without a pause, or a noisy line: test it with nobody on it"
        yield Finding("noise", WARN, text, todo)
    else:
        yield Finding("noise", OK, text)
    echo = figures["echo"]
    if echo is None:
        yield Finding("echo", OK, "no canceller is on for this channel now")
    elif echo["disabled"]:
        yield Finding("echo", OK, "the canceller stands aside: fax or modem tone (2100 Hz)")
    elif echo["delay_ms"] < 0:
        yield Finding("echo", OK, "none seen since the canceller was switched on")
    else:
        yield _echo(echo)


def _level(level: float) -> Finding:
    text = f"{level_words(level)} received"
    if level > LOUD_DBM0:
        return Finding("level", WARN, f"{text}: loud, it may be cut off", "lower the gain")
    if SPEAKS_DBM0 < level < QUIET_DBM0:
        return Finding("level", WARN, f"{text}: quiet", "raise the gain, or look at the line")
    return Finding("level", OK, text)


def _echo(echo: Mapping[str, float]) -> Finding:
    loss, gain, delay = echo["erl_db"], echo["erle_db"], echo["delay_ms"]
    text = f"{loss:.0f} dB down, {delay:.0f} ms late; the canceller takes {gain:.0f} dB more"
    if loss < LEAST_ERL_DB:
        todo = "the hybrid does not match the line: see its impedance (DAHDI: opermode, acim)"
        return Finding("echo", WARN, text, todo)
    if loss + gain < HEARD_ECHO_DB and gain < LEAST_ERLE_DB and not echo["double_talk"]:
        return Finding("echo", WARN, text, "it may be heard; test the line with nobody on it")
    return Finding("echo", OK, text)
