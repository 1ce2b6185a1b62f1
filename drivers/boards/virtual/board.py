"""Pairs of boards whose spans are wired to each other, with faults to order.

What: an E1 pair carries 30 B channels over a `Wire`, and D-channel frames at
64 kbit/s or ABCD signalling bits; analog pairs carry octets over a `Wire` and hook, ring, flash and
caller ID as data. Everything runs on the loop's clock and a seed, so a run
under virtual time is the same each time.
How: one `Line` joins a near and a far span. Faults are set per direction with
`VirtualBoard.fault`, also while calls are up.
Limits: bit stuffing is not counted in a frame's time; a span alarm cuts the
direction towards its receiver only, as a broken pair does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from drivers.base import SpanKind
from drivers.boards.virtual.line import FACING, Line
from drivers.boards.virtual.span import VirtualAnalogSpan, VirtualE1Span, VirtualSpan

#: wire(channels, seed) -> dsp_ext Wire, or anything with its methods.
WireMaker = Callable[[int, int], Any]


@dataclass(frozen=True, slots=True)
class SpanSpec:
    """One pair of spans. `kind` is what the near side is: e1, fxs (telephones) or fxo (lines)."""

    kind: SpanKind
    near: str
    far: str
    ports: int = 8  # analog only; an E1 has its 30 channels

    @classmethod
    def of(cls, kind: str, near: str, far: str, ports: int = 8) -> SpanSpec:
        """The same from plain words; ValueError names the kinds there are."""
        try:
            return cls(SpanKind(kind), near, far, ports)
        except ValueError:
            kinds = ", ".join(k.value for k in SpanKind)
            raise ValueError(f"span kind is {kind!r}; it can be {kinds}") from None


class VirtualBoard:
    """One side of a pair. Faults may be set at either side, for any of the spans."""

    def __init__(
        self, name: str, side: str, lines: Sequence[Line], spans: Iterable[VirtualSpan]
    ) -> None:
        self.name = name
        self.side = side
        self.spans = list(spans)
        self._lines = lines

    def span(self, name: str) -> VirtualSpan:
        """This side's span of that name; KeyError when there is none."""
        for span in self.spans:
            if span.name == name:
                return span
        raise KeyError(f"board {self.name} has no span {name!r}")

    def fault(self, span: str, toward: str, channel: int | None = None, **settings: Any) -> None:
        """Set faults on what travels towards "near" or "far"; `span` by either of its names.

        Passed on to the wire: delay_ms, gain_db, noise_dbm0, hybrid, bit_error_rate,
        loss_rate, loop. Done once: slip (octets, + repeats), lose (blocks). For the whole
        span: alarm, d_channel (True: up), frame_loss (rate 0..1), frame_spoil
        (frame → frame, or None for no spoiling). Signalling bits have the wire's
        delay_ms and bit_error_rate; cas ("1101", "" to end it) forces them.
        `channel` is a timeslot or port number, None for all. None as a value leaves
        a fault as it is. ValueError names a setting that does not exist.
        """
        self._line(span).fault(toward, channel, settings)

    def alarm(self, span: str, on: bool, toward: str = "near") -> None:
        """Loss of signal at one side: RED there, RAI at the other, no frames and all ones."""
        self._line(span).fault(toward, None, {"alarm": on})

    def d_channel(self, span: str, up: bool) -> None:
        """Cut the D channel in both directions, without any alarm; or mend it."""
        for toward in FACING:
            self._line(span).fault(toward, None, {"d_channel": up})

    def clear(self, span: str) -> None:
        """End every fault of a span."""
        self._line(span).clear()

    def status(self) -> list[dict[str, Any]]:
        """One entry a span of this side, for the console: alarms, frames, faults, hooks."""
        return [span.status() for span in self.spans]

    def close(self) -> None:
        for line in self._lines:
            line.close()

    def _line(self, span: str) -> Line:
        for line in self._lines:
            if span in (end.name for end in line.spans.values()):
                return line
        raise KeyError(f"no span is called {span!r}")


def make_pair(
    specs: Iterable[SpanSpec],
    *,
    seed: int = 0,
    block: int = 80,
    law: str = "alaw",
    names: tuple[str, str] = ("near", "far"),
    wire: WireMaker | None = None,
) -> tuple[VirtualBoard, VirtualBoard]:
    """The near and the far board of the spans in `specs`, each wired to its partner.

    `block` is in samples. `wire` stands in for dsp_ext's in tests of signalling alone.
    """
    make_wire = wire or _engine_wire(block, law)
    lines, ends = [], []
    for number, spec in enumerate(specs):
        line_seed = seed * 1000 + number
        ports = make_wire(30 if spec.kind is SpanKind.E1 else spec.ports, line_seed)
        line = Line(ports, line_seed)
        near, far = _ends(spec, line, ports)
        line.join(near, far)
        lines.append(line)
        ends.append((near, far))
    return (
        VirtualBoard(names[0], "near", lines, (near for near, _ in ends)),
        VirtualBoard(names[1], "far", lines, (far for _, far in ends)),
    )


def _engine_wire(block: int, law: str) -> WireMaker:
    from dsp_ext.port import Wire  # compiled; signalling works without it

    return lambda channels, seed: Wire(channels, block=block, law=law, seed=seed)


def _ends(spec: SpanSpec, line: Line, wire: Any) -> tuple[VirtualSpan, VirtualSpan]:
    if spec.kind is SpanKind.E1:
        return (
            VirtualE1Span(spec.near, line, "near", wire.a),
            VirtualE1Span(spec.far, line, "far", wire.b),
        )
    other = SpanKind.FXO if spec.kind is SpanKind.FXS else SpanKind.FXS
    return (
        VirtualAnalogSpan(spec.near, spec.kind, spec.ports, line, "near", wire.a),
        VirtualAnalogSpan(spec.far, other, spec.ports, line, "far", wire.b),
    )
