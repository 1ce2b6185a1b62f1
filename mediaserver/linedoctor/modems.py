"""Fax modem test: whether a modem trains over the line, and what its bits come to.

What: a modem's signal is sent, over a loop or to a second channel of ours, and what arrives is
read by such a modem. Its bits are those of a pattern, so that errors are counted and slips seen.
How: one way at a time, as fax pages go; the signal is made before it is sent and read afterwards.
Limits: a loop returns what one direction passes twice. The modem is libspandsp's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsp_ext.bert import BitErrorTester
from dsp_ext.units import SAMPLE_RATE
from fax import modem
from mediaserver.linedoctor import measure
from mediaserver.linedoctor.hearing import aside, stretch_of
from mediaserver.linedoctor.place import Place
from mediaserver.linedoctor.say import say
from mediaserver.linedoctor.verdict import CannotCheck, Verdict
from mediaserver.linedoctor.wanted import Wanted
from mediaserver.linedoctor.words import BAD, OK, WARN

MODEM_S = 5.0  # of data
LONGEST_S = 50.0
SENT_DBM0 = -13.0
LATE_S = 1.0  # how late a signal may come
SILENT_DBM0 = -43.0  # what is quieter no modem takes for a carrier
CARRIER_DB = 10.0  # below the signal: noise that goes before it is no carrier
PAGE_RATE = 1e-4  # of errors: a page without ECM begins to show streaks


@dataclass(frozen=True, slots=True)
class _Sent:
    name: str
    rate: int
    octets: bytes
    samples: npt.NDArray[np.int16]


async def modems(place: Place, wanted: Wanted) -> Verdict:
    """Over a loop, or from this channel to `far`."""
    sent = await aside(_signal, wanted)
    hears = place.far or place
    seconds = len(sent.samples) / SAMPLE_RATE + LATE_S
    playing = asyncio.ensure_future(place.port.play(sent.samples))
    try:
        stretch = await stretch_of(hears, seconds)
    finally:
        place.port.stop()
        playing.cancel()
    place.standing()
    return await aside(_judged, sent, stretch.heard)


def _signal(wanted: Wanted) -> _Sent:
    allowed = modem.rates(wanted.modem)
    rate = wanted.rate or allowed[0]
    if rate not in allowed:
        has = ", ".join(map(str, allowed))
        raise CannotCheck(say("modem.rate", modem=_name(wanted.modem), rate=rate, allowed=has))
    seconds = min(wanted.long(MODEM_S), LONGEST_S)
    octets = BitErrorTester(1).make(int(rate * seconds / 8))[:, 0].tobytes()
    samples = modem.signal(wanted.modem, rate, octets, SENT_DBM0)
    return _Sent(wanted.modem, rate, octets, samples)


def _name(name: str) -> str:
    """ "v29" as people write it."""
    return name.replace("v", "V.", 1)


def _judged(sent: _Sent, heard: measure.Floats) -> Verdict:
    which = {"modem": _name(sent.name), "rate": sent.rate}
    level = measure.level_dbm0(heard)
    samples = heard.clip(-32768, 32767).astype(np.int16)
    cutoff = max(SILENT_DBM0, level - CARRIER_DB)
    read = modem.read(sent.name, sent.rate, samples, len(sent.octets), cutoff_dbm0=cutoff)
    figures: dict[str, float] = {"rate": sent.rate, "in_dbm0": level}
    if not read.trained:
        if level < SILENT_DBM0:
            advice = say("modem.nothing.do")
            return Verdict("modem", BAD, say("modem.nothing", **which), advice, figures)
        code = "modem.untrained" if read.carrier else "modem.no_carrier"
        return Verdict("modem", BAD, say(code, **which), say("modem.spoilt.do"), figures)
    tester = BitErrorTester(1)
    tester.process(np.frombuffer(read.octets, np.uint8)[:, np.newaxis])
    counts = {key: int(values[0]) for key, values in tester.counts().items()}
    return _counted(sent, read, counts, figures)


def _counted(
    sent: _Sent,
    read: modem.Read,
    counts: dict[str, int],
    figures: dict[str, float],
) -> Verdict:
    tested, missing = 8 * counts["octets"], len(sent.octets) - len(read.octets)
    rate = counts["errors"] / tested if tested else 1.0
    figures |= {
        "snr_db": read.snr_db,
        "carrier_hz": read.carrier_hz,
        "bits": tested,
        "bit_errors": counts["errors"],
        "error_rate": rate,
        "missing_octets": missing,
    }
    trained = say("modem", modem=_name(sent.name), rate=sent.rate, snr_db=read.snr_db)
    whole = counts["locked"] and not counts["losses"] and not counts["slips"]
    if not counts["met"]:
        wrong = say("modem.wrong", trained=trained)
        return Verdict("modem", BAD, wrong, say("modem.spoilt.do"), figures)
    if not whole or missing > len(sent.octets) // 50:
        lost = say("modem.lost", trained=trained)
        return Verdict("modem", BAD, lost, say("modem.spoilt.do"), figures)
    if not counts["errors"]:
        return Verdict("modem", OK, say("modem.clean", trained=trained, bits=tested), None, figures)
    told = say("modem.errors", trained=trained, errors=counts["errors"], bits=tested, share=rate)
    state = WARN if rate < PAGE_RATE else BAD
    return Verdict("modem", state, told, say("modem.errors.do"), figures)
