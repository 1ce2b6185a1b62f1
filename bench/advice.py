"""What `mediaserver tune` advises: setups and what they carry, which to take, why, settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from bench import echo_advice
from bench.carry import (
    FULLY_USABLE,
    MEAN_CALL_S,
    MOST_E1,
    PER_E1,
    POORLY_USABLE,
    RECORDED_OCTETS,
    SETUPS,
    TICK_US,
    Figures,
    Setup,
    carried_e1,
)
from bench.echo_advice import EchoAdvice
from mediaserver.config import Board, Settings
from mediaserver.doctor import machine as doctor
from mediaserver.doctor.findings import Finding

BLOCK_MS = 10  # what was measured
PRIORITY = 50
#: Parts by what people call them.
PART_NAMES = {
    "commands": "commands",
    "read": "reading the line",
    "decode": "G.711 decoding",
    "level": "level",
    "dtmf": "DTMF",
    "mix": "mixing",
    "tone": "tones",
    "play": "prompts and music",
    "encode": "G.711 encoding",
    "write": "writing the line",
    "tap": "recording",
    "progress": "call progress",
    "echo 64 ms": "echo canceller, 64 ms",
    "echo 128 ms": "echo canceller, 128 ms",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """What a setup carries.  channel_us : of a tick of 10 ms; memory_kib : a channel's."""

    setup: Setup
    e1: int
    channel_us: float
    memory_kib: float

    @property
    def channels(self) -> int:
        return self.e1 * PER_E1

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "words": self.setup.words, "channels": self.channels}


@dataclass(frozen=True, slots=True)
class Advice:
    """All that is told.  `chosen` is None when no setup carries what is wanted.

    usable : share of each tick that may be used; e1 : how many the settings are for
    """

    usable: float
    e1: int
    offers: tuple[Offer, ...]
    chosen: Offer | None
    costs: tuple[tuple[str, float], ...]
    findings: tuple[Finding, ...]
    reasons: tuple[str, ...]
    settings: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "usable": self.usable,
            "e1": self.e1,
            "setups": [offer.as_data() for offer in self.offers],
            "chosen": self.chosen.as_data() if self.chosen else None,
            "costs_us": dict(self.costs),
            "machine": [finding.as_data() for finding in self.findings],
            "reasons": list(self.reasons),
            "settings": list(self.settings),
        }


def machine_findings(settings: Settings) -> tuple[Finding, ...]:
    """What the machine gives a real-time thread: priority, processors and governor, clock."""
    return (*doctor.realtime(settings), *doctor.processor(), *doctor.clock())


def advise(
    figures: Figures,
    findings: Iterable[Finding],
    *,
    wanted_e1: int | None = None,
    boards: Iterable[Board] = (),
) -> Advice:
    """The advice; without `wanted_e1` for the best setup and all the E1 it carries.

    boards : those of the configuration, whose spans' echo is looked at
    """
    found = tuple(findings)
    steady = all(each.state == "ok" for each in found if each.check in ("real time", "processor"))
    usable = FULLY_USABLE if steady else POORLY_USABLE
    offers = tuple(_offer(figures, setup, usable) for setup in SETUPS)
    least = wanted_e1 or 1
    chosen = next((offer for offer in offers if offer.e1 >= least), None)
    shown = chosen or offers[-1]
    e1 = wanted_e1 or shown.e1
    told = echo_advice.advise(figures, shown.setup, {o.setup: o.e1 for o in offers}, tuple(boards))
    return Advice(
        usable=usable,
        e1=e1,
        offers=offers,
        chosen=chosen,
        costs=_costs(figures, shown.setup, max(1, min(e1, shown.e1)) * PER_E1),
        findings=found,
        reasons=(*_reasons(figures, shown, e1, usable, steady), *told.reasons),
        settings=tuple(_settings(shown, told)),
    )


def _offer(figures: Figures, setup: Setup, usable: float) -> Offer:
    e1 = carried_e1(figures, setup, usable)
    channels = max(1, e1) * PER_E1
    channel_us = figures.tick_us(setup, channels) / channels
    return Offer(setup, e1, channel_us, figures.memory(setup))


def _costs(figures: Figures, setup: Setup, channels: int) -> tuple[tuple[str, float], ...]:
    """(what, µs a channel), the dearest first."""
    costs = [
        (PART_NAMES.get(part, part), figures.cost(part, channels))
        for part in setup.parts
        if figures.cost(part, channels)
    ]
    return tuple(sorted(costs, key=lambda cost: -cost[1]))


def _reasons(figures: Figures, offer: Offer, e1: int, usable: float, steady: bool) -> Iterable[str]:
    """Plain words, the most important first."""
    channels = e1 * PER_E1
    tick_us = figures.tick_us(offer.setup, channels)
    yield (
        f"{channels} channels × {tick_us / channels:.2f} µs = {tick_us / 1000:.2f} ms of every "
        f"{BLOCK_MS} ms, on the one core that ticks; {usable * TICK_US / 1000:g} ms may be used."
    )
    yield (
        "The other half of a tick is kept for what a mean does not show: caches shared with other "
        "programs, interrupts, many calls beginning at once."
        if steady
        else "Only that much, because the core is not the media thread's own (see below): other "
        "programs may take it in the midst of a tick. Mended, half of a tick may be used."
    )
    yield (
        "Should ticks take too long all the same, the server leaves out echo tails first, then "
        "call progress, then echo cancelling; never digits, recordings or audio."
    )
    if channels > figures.largest:
        yield (
            f"More than the {figures.largest} channels that were measured: beyond them the cost a "
            "channel is taken to be the same, which caches may make untrue."
        )
    if e1 >= MOST_E1:
        yield f"The search ends at {MOST_E1} E1; one board and one thread are not made for more."
    memory = offer.memory_kib * channels / 1024
    yield f"Memory: {offer.memory_kib:.1f} KiB a channel, {memory:.1f} MiB in the media thread."
    if figures.call_cpu_ms is None:
        yield "What calls cost the control plane is not in the file: suite calls measures it."
    else:
        rate = channels / MEAN_CALL_S
        share = rate * figures.call_cpu_ms / 10
        yield (
            f"Calls of {MEAN_CALL_S // 60} minutes on all channels are {rate:.1f} a second, at "
            f"{figures.call_cpu_ms:.1f} ms each {share:.0f} % of another core."
        )
    if offer.setup.recorded:
        rate = channels * RECORDED_OCTETS
        yield f"Recording writes {rate / 1e6:.1f} MB a second, {rate * 3.6e-6:.0f} GB an hour."


def _settings(offer: Offer, echo: EchoAdvice) -> Iterable[str]:
    """Lines for the configuration file."""
    yield "[media]"
    yield f"block_ms = {BLOCK_MS}"
    yield f"realtime_priority = {PRIORITY}"
    yield from echo.media
    yield ""
    yield "[recording]"
    yield f"enabled = {str(offer.setup.recorded).lower()}"
    yield from echo.spans
