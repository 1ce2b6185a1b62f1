"""Bit error test of a channel: a pattern out, and what comes back of it is counted.

What: over a loop at the far end, or with a second channel of ours at which the first one arrives,
then in both directions. Octets are those of the line: nothing of ours alters them.
How: the engine takes octets from a ring that is filled seconds ahead, and copies what comes into
another; the pattern is compared on the loop, by dsp_ext.bert.
Limits: what alters octets on the way (a gain, an echo canceller on the card, another law) lets no
pattern come through. A server too busy to keep the rings going spoils the test, and says so.
Source: O.151, O.152; bounds of a rate from few errors by the Poisson distribution, 95 %.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from drivers.said import Said
from dsp_ext import g711
from dsp_ext.bert import BitErrorTester
from dsp_ext.ring import Ring
from mediaserver.linedoctor import measure
from mediaserver.linedoctor.place import Place
from mediaserver.linedoctor.say import say, together
from mediaserver.linedoctor.verdict import CannotCheck, Verdict
from mediaserver.linedoctor.wanted import Wanted
from mediaserver.linedoctor.words import BAD, OK, WARN
from mediaserver.media.port import MediaPort

BITS_S = 15.0
RING_OCTETS = 1 << 15  # 4 s
STEP_S = 0.25
KEPT = 8000  # octets received last, to tell what comes when no pattern does
SILENT_DBM0 = -60.0
BAD_RATE = 1e-3
SURE = 0.95


@dataclass(slots=True)
class _Way:
    """One direction: `out` sends, `into` receives."""

    out: MediaPort
    into: MediaPort
    tester: BitErrorTester
    feed: Ring = field(default_factory=lambda: Ring(RING_OCTETS))
    heard: Ring = field(default_factory=lambda: Ring(RING_OCTETS))
    last: bytes = b""

    async def begin(self) -> None:
        self._fill()
        await self.into.tap(self.heard, mode="rx")
        await self.out.feed(self.feed, octets=True)

    def _fill(self) -> None:
        room = self.feed.writable
        if room:
            self.feed.write(np.ascontiguousarray(self.tester.make(room)[:, 0]))

    def step(self) -> None:
        """Compare what came, and fill up. Raises CannotCheck for a gap of our own making."""
        if self.feed.readable == 0 or self.heard.dropped:
            raise CannotCheck(say("bert.busy"), say("bert.busy.do"))
        octets = self.heard.read()
        if octets:
            self.tester.process(np.frombuffer(octets, np.uint8)[:, np.newaxis])
            self.last = (self.last + octets)[-KEPT:]
        self._fill()

    def end(self) -> None:
        self.out.unfeed()
        self.into.untap(self.heard)

    def counts(self) -> dict[str, int]:
        return {name: int(values[0]) for name, values in self.tester.counts().items()}


async def bits(place: Place, wanted: Wanted) -> Verdict:
    """Bit errors and slips; between two channels of both directions, the worse one is told."""
    ports = [(place.port, place.port)]
    if place.far is not None:
        ports = [(place.port, place.far.port), (place.far.port, place.port)]
    ways = [_Way(out, into, BitErrorTester(1, pattern=wanted.pattern)) for out, into in ports]
    loop = asyncio.get_running_loop()
    try:
        for way in ways:
            await way.begin()
        end = loop.time() + wanted.long(BITS_S)
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(STEP_S, left))
            place.standing()
            for way in ways:
                way.step()
    finally:
        for way in ways:
            way.end()
    told = [_judged(way, place.session.law) for way in ways]
    if len(told) == 1:
        return told[0]
    return _both(told)


def _both(told: list[Verdict]) -> Verdict:
    order = (OK, WARN, BAD)
    there, back = told
    worse = max(told, key=lambda each: order.index(each.state))
    figures = {f"there_{name}": value for name, value in there.figures.items()}
    figures |= {f"back_{name}": value for name, value in back.figures.items()}
    said = say("bert.both", there=there.said, back=back.said)
    return Verdict("bert", worse.state, said, worse.advice, figures)


def _judged(way: _Way, law: str) -> Verdict:
    counts = way.counts()
    if not counts["met"]:
        return _nothing(way.last, law)
    tested = 8 * counts["octets"]
    low, high = bounds(counts["errors"], tested)
    rate = counts["errors"] / tested if tested else 0.0
    figures = {
        "bits": tested,
        "bit_errors": counts["errors"],
        "errored_octets": counts["errored"],
        "error_rate": rate,
        "at_least_rate": low,
        "at_most_rate": high,
        "slips": counts["slips"],
        "slipped_octets": counts["slipped"],
        "losses": counts["losses"],
        "lost_octets": counts["lost"],
    }
    said, advice, state = _told(counts, tested, rate, high)
    return Verdict("bert", state, said, advice, figures)


def _told(
    counts: dict[str, int], tested: int, rate: float, at_most: float
) -> tuple[Said, Said | None, str]:
    """What came of the pattern; the worst of it is the state."""
    state, advice = OK, []
    if counts["errors"]:
        parts = [say("bert.errors", errors=counts["errors"], bits=tested, rate=rate)]
        advice.append(say("bert.errors.do"))
        state = BAD if rate > BAD_RATE else WARN
    else:
        parts = [say("bert.none", bits=tested, at_most=at_most)]
    if counts["slips"]:
        parts.append(say("bert.slips", slips=counts["slips"], octets=counts["slipped"]))
        advice.append(say("bert.slips.do"))
        state = BAD
    if counts["losses"] or not counts["locked"]:
        away = not counts["locked"]
        code = "bert.away" if away else "bert.lost"
        parts.append(say(code, times=counts["losses"] + away))
        advice.append(say("bert.lost.do"))
        state = BAD
    return together(parts) or parts[0], together(advice), state


def _nothing(octets: bytes, law: str) -> Verdict:
    """Why no pattern came, as far as what came tells it."""
    decode = g711.alaw_decode if law == "alaw" else g711.ulaw_decode
    heard: npt.NDArray[np.float64] = np.asarray(decode(np.frombuffer(octets, np.uint8)), np.float64)
    level = measure.level_dbm0(heard)
    why = "bert.nothing" if level < SILENT_DBM0 else "bert.altered"
    return Verdict("bert", BAD, say(why), say(f"{why}.do"), {"in_dbm0": level})


def bounds(errors: int, tested: int) -> tuple[float, float]:
    """Between which rates the true one lies, with 95 % certainty; (0, 1) for nothing tested."""
    if not tested:
        return 0.0, 1.0
    beyond = (1 - SURE) / 2 if errors else 1 - SURE
    low = float(chi2.ppf(beyond, 2 * errors)) / 2 if errors else 0.0
    high = float(chi2.ppf(1 - beyond, 2 * errors + 2)) / 2
    return low / tested, min(1.0, high / tested)
