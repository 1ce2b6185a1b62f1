"""What figures of a line mean, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from drivers.said import Said
from mediaserver.linedoctor import overip
from mediaserver.linedoctor.g826 import Totals
from mediaserver.linedoctor.say import say
from mediaserver.linedoctor.verdict import told

OK, WARN, BAD = "ok", "warn", "bad"
#: G.826 table 1, 1.5 to 5 Mbit/s: shares of available seconds an international path may have.
MOST_ES, MOST_SES = 0.04, 0.002
LOUD_DBM0, QUIET_DBM0, SPEAKS_DBM0 = -6.0, -35.0, -45.0
NOISY_DBM0 = -50.0
SILENCE_DBM0 = -65.5  # what A-law's idle octets measure, and all that is quieter
LEAST_ERL_DB, LEAST_ERLE_DB = 6.0, 18.0
HEARD_ECHO_DB = 40.0  # loss from which an echo is not heard

_ALARMS = ("red", "ais", "rai")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a line. state : "ok", "warn" or "bad"; advice : what to do about it."""

    what: str
    state: str
    said: Said
    advice: Said | None = None

    def as_data(self) -> dict[str, Any]:
        """For CTI and JSON."""
        return {"what": self.what, "state": self.state, **told(self.said, self.advice)}


class HasState(Protocol):
    """A finding, or a verdict."""

    @property
    def state(self) -> str: ...


def level(dbm0: float, *, exact: bool = False) -> Said:
    """A level; what no law can carry is silence."""
    if dbm0 < -80:
        return say("silence")
    return say("level.exact" if exact else "level", dbm0=dbm0)


def worst(found: Iterable[HasState]) -> str:
    """The worst state of all; "ok" for none."""
    states = {each.state for each in found}
    return next((state for state in (BAD, WARN) if state in states), OK)


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0


def of_span(status: Mapping[str, Any], totals: Totals, available: bool) -> Iterator[Finding]:
    """Of a span in service, by its board's status and what was counted."""
    packets = "packets" in status
    for alarm in sorted(status["alarms"]):
        if packets and (found := overip.alarm(alarm, status)) is not None:
            yield Finding("alarm", BAD, *found)
        elif alarm in _ALARMS:
            yield Finding("alarm", BAD, say(f"alarm.{alarm}"), say(f"alarm.{alarm}.do"))
        else:
            yield Finding("alarm", BAD, say("alarm.other", alarm=alarm))
    usable = totals.seconds - totals.uas
    if not available:
        yield Finding("errors", BAD, say("errors.unavailable"), say("errors.unavailable.do"))
    if totals.es:
        much = totals.es > MOST_ES * usable or totals.ses > MOST_SES * usable
        counted = say(
            "errors",
            es=totals.es,
            ses=totals.ses,
            usable=usable,
            es_percent=_percent(totals.es, usable),
            ses_percent=_percent(totals.ses, usable),
            most_es_percent=100 * MOST_ES,
            most_ses_percent=100 * MOST_SES,
        )
        yield Finding("errors", WARN if much else OK, counted, say("errors.do") if much else None)
    elif usable:
        yield Finding("errors", OK, say("errors.none", usable=usable))
    if totals.slips:
        yield _slips(totals.slips, status)
    if totals.lost_ms or totals.lost_out_ms:
        lost = say("gaps", lost_ms=totals.lost_ms, lost_out_ms=totals.lost_out_ms)
        yield Finding("gaps", WARN, lost, say("gaps.do"))


def _slips(count: int, status: Mapping[str, Any]) -> Finding:
    if "packets" not in status:
        return Finding("slips", WARN, say("slips", slips=count), say("slips.do"))
    said, advice = overip.slips(count, status)
    return Finding("slips", WARN if advice else OK, said, advice)


#: What the framer of a card counts that is no second of ours -> its code.
_FRAMER = {
    "bpv": "framer.bpv",
    "cv": "framer.cv",
    "crc4": "framer.crc4",
    "fas": "framer.fas",
    "fe": "framer.fe",
    "ebit": "framer.ebit",
    "be": "framer.be",
    "irq_misses": "framer.irq_misses",
}


def of_framer(errors: Mapping[str, int]) -> Iterator[Finding]:
    """What a card has counted since its driver began or was told to begin anew, each by its name.

    Whether that is much is told by the seconds in which it came (`of_span`).
    """
    for name, code in _FRAMER.items():
        if count := errors.get(name, 0):
            yield Finding("errors", OK, say(code, count=count))


def of_channel(figures: Mapping[str, Any]) -> Iterator[Finding]:
    """Of a channel in service, by its levels and its echo canceller."""
    floor = figures["noise_dbm0"]
    yield _level(figures["in_dbm0"])
    noisy = floor > NOISY_DBM0
    said = say("floor", level=level(floor))
    yield Finding("noise", WARN if noisy else OK, said, say("floor.do") if noisy else None)
    echo = figures["echo"]
    if echo is None:
        yield Finding("echo", OK, say("echo.off"))
    elif echo["disabled"]:
        yield Finding("echo", OK, say("echo.aside"))
    elif echo["delay_ms"] < 0:
        yield Finding("echo", OK, say("echo.unseen"))
    else:
        yield _echo(echo)


def _level(dbm0: float) -> Finding:
    received = level(dbm0)
    if dbm0 > LOUD_DBM0:
        said = say("received.loud", level=received)
        return Finding("level", WARN, said, say("received.loud.do"))
    if SPEAKS_DBM0 < dbm0 < QUIET_DBM0:
        said = say("received.quiet", level=received)
        return Finding("level", WARN, said, say("received.quiet.do"))
    return Finding("level", OK, say("received", level=received))


def _echo(echo: Mapping[str, float]) -> Finding:
    loss, gain = echo["erl_db"], echo["erle_db"]
    said = say("echo.now", erl_db=loss, delay_ms=echo["delay_ms"], erle_db=gain)
    if loss < LEAST_ERL_DB:
        return Finding("echo", WARN, said, say("echo.hybrid.do"))
    if loss + gain < HEARD_ECHO_DB and gain < LEAST_ERLE_DB and not echo["double_talk"]:
        return Finding("echo", WARN, said, say("echo.heard.do"))
    return Finding("echo", OK, said)
