"""How many E1 a machine carries: arithmetic on what suite ``parts`` measured.

One thread ticks all channels, so the measure is one core: the parts a channel needs, times the
channels, must fit into the share of a tick that headroom leaves.  Between two measured numbers of
channels the cost a channel is taken in proportion (by their logarithm); beyond the largest it is
the largest's, and that is said.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.echo_settings import Heard

PER_E1 = 30  # channels that carry speech
TICK_US = 10_000.0
MOST_E1 = 512  # nobody has put more on one machine; the search ends there
TAILS_MS = (0, 64, 128)
#: Parts every channel needs, as the engine names them; those not named in a file are left out.
ALWAYS = (
    *("commands", "read", "decode", "level", "dtmf"),
    *("mix", "tone", "play", "encode", "write"),
)
RECORDING = ("tap",)
FULLY_USABLE = 0.50  # of a tick, with real-time priority
POORLY_USABLE = 0.30  # without: other programs may take the core in the midst of a tick
MEAN_CALL_S = 180  # for what the control plane has to do
RECORDED_OCTETS = 16_000  # a second: a stereo file of A-law

_ROW = re.compile(r"(.+), (\d+) channels")
_ECHO = re.compile(r"echo (\d+) ms(, suppressed)?: (loss|keys)")


class NotUsable(ValueError):
    """A file of figures that no advice can be made of; says what to do."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What every channel has.  tail_ms : of the echo canceller, 0 for none."""

    tail_ms: int
    recorded: bool
    progress: bool = True

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts it is made of, as the rows are named."""
        return (
            *ALWAYS,
            *((f"echo {self.tail_ms} ms",) if self.tail_ms else ()),
            *(("progress",) if self.progress else ()),
            *(RECORDING if self.recorded else ()),
        )

    @property
    def words(self) -> str:
        """As people say it."""
        echo = f"{self.tail_ms} ms echo cancelling" if self.tail_ms else "no echo cancelling"
        return f"{echo}, {'recorded' if self.recorded else 'not recorded'}"


#: From the best to the barest; all with DTMF, levels, mixing, prompts and call progress.
SETUPS = tuple(Setup(tail, recorded) for tail in TAILS_MS[::-1] for recorded in (True, False))


@dataclass(frozen=True, slots=True)
class Figures:
    """What a file says.

    cost_us : part -> channels -> µs a channel takes of a tick of 10 ms
    memory_kib : bank -> KiB a channel
    call_cpu_ms : of a call through menu, queue, agent and recording; None where not measured
    echo : (tail_ms, suppressed) -> what that setting leaves; empty where not measured
    """

    machine: Mapping[str, Any]
    cost_us: Mapping[str, Mapping[int, float]]
    memory_kib: Mapping[str, float]
    call_cpu_ms: float | None = None
    echo: Mapping[tuple[int, bool], Heard] = field(default_factory=dict)

    def cost(self, part: str, channels: int) -> float:
        """µs a channel, where so many are in use; 0 for a part that was not measured."""
        known = sorted(self.cost_us.get(part, {}).items())
        if not known:
            return 0.0
        if channels <= known[0][0]:
            return known[0][1]
        for (less, low), (more, high) in pairwise(known):
            if channels <= more:
                share = math.log(channels / less) / math.log(more / less)
                return low + share * (high - low)
        return known[-1][1]

    @property
    def largest(self) -> int:
        """Channels at the largest size measured."""
        return max(size for sizes in self.cost_us.values() for size in sizes)

    def tick_us(self, setup: Setup, channels: int) -> float:
        """What a tick of 10 ms takes with `channels` of them."""
        return channels * sum(self.cost(part, channels) for part in setup.parts)

    def memory(self, setup: Setup) -> float:
        """KiB a channel takes in the data plane."""
        banks = ("engine", *setup.parts)
        return sum(self.memory_kib.get(bank, 0.0) for bank in banks)


def carried_e1(figures: Figures, setup: Setup, usable: float) -> int:
    """Whole E1 whose tick fits into `usable` (a share of 1) of its 10 ms, at most MOST_E1."""
    best = 0
    for e1 in range(1, MOST_E1 + 1):
        if figures.tick_us(setup, e1 * PER_E1) > usable * TICK_US:
            break
        best = e1
    return best


def read(path: Path) -> Figures:
    """The figures in a file that ``bench --json`` wrote.

    Raises NotUsable for what is no such file or lacks the suite ``parts``, OSError.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise NotUsable(f"{path}: not a text file") from None
    except json.JSONDecodeError as error:
        raise NotUsable(f"{path}: line {error.lineno}: no JSON ({error.msg})") from None
    try:
        return figures_of(data["machine"], data["results"])
    except NotUsable as error:
        raise NotUsable(f"{path}: {error}") from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        told = f"{type(error).__name__}: {error}"
        raise NotUsable(f"{path}: not what `mediaserver bench --json` writes ({told})") from None


def figures_of(machine: Mapping[str, Any], rows: list[dict[str, Any]]) -> Figures:
    """The figures in the rows of a bench.  Raises NotUsable when the suite parts is not in it."""
    cost: dict[str, dict[int, float]] = {}
    memory: dict[str, float] = {}
    echo: dict[tuple[int, bool], dict[str, float]] = {}
    call_ms = None
    for row in rows:
        name, value = str(row["name"]), float(row["value"])
        if not (math.isfinite(value) and value >= 0):
            raise NotUsable(f"row {name!r} has the value {value}")
        if row["suite"] == "calls" and name.endswith("queue, agent, recording: CPU"):
            call_ms = value
        elif row["suite"] != "parts":
            continue
        elif name.endswith(": memory"):
            memory[name.removesuffix(": memory")] = value
        elif match := _ECHO.fullmatch(name):
            echo.setdefault((int(match[1]), bool(match[2])), {})[match[3]] = value
        elif match := _ROW.fullmatch(name):
            cost.setdefault(match[1], {})[int(match[2])] = value
    missing = [part for part in ("decode", "dtmf", "echo 64 ms", "tap") if part not in cost]
    if missing:
        raise NotUsable(f"holds no figures of suite parts for {', '.join(missing)}")
    heard = {key: Heard(each["loss"], each["keys"]) for key, each in echo.items()}
    return Figures(dict(machine), cost, memory, call_ms, heard)


#: What must be the same for figures to hold, as `bench.report.machine` names it.
HOLDS_FOR = ("processor", "cores", "revision")


def differences(measured: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """In words, where the machine measured is not the one here, or the program another."""
    return [
        f"{fact} {measured.get(fact)!r} there, {here.get(fact)!r} here"
        for fact in HOLDS_FOR
        if measured.get(fact) != here.get(fact)
    ]
