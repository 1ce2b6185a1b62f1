"""The signalling of a span as the configuration tells it, for our end and the lab's far end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from drivers import registry
from drivers.base import LineAudio, Registers, Signalling, Span, SpanKind
from mediaserver.config.boards import Span as SpanConfig


@dataclass(frozen=True, slots=True)
class Doors:
    """What signalling may need of the media: R2's registers, tones and keys on analog lines, and

    what speech on digital lines is coded with.
    """

    registers: Registers
    audio: LineAudio
    law: str = "alaw"


_OTHER_SIDE = {"user": "network", "network": "user"}


#: Spans with what the configuration says of them.
Ends = Sequence[tuple[Span, SpanConfig]]
_ROLES = ("primary", "backup", "none")  # D channels of a group are used in this order


def make_all(ends: Ends, doors: Doors, *, isolate: bool) -> list[Signalling]:
    """Our ends, in this order. `isolate` lets libpri have a process of its own where the

    configuration wants it.
    """

    def options(span: Span, config: SpanConfig) -> dict[str, Any]:
        return _options(config, doors, isolate)

    return _make_all(ends, options)


def make_all_far(ends: Ends, doors: Doors) -> list[Signalling]:
    """What stands at the other ends of those spans: the other side of the same signalling.

    An R2 exchange takes numbers of any length, and asks for the caller's at once. A telephone is
    lifted by whoever uses it, who dials too.
    """
    return _make_all(ends, lambda span, config: _far_options(span, config, doors))


def _options(config: SpanConfig, doors: Doors, isolate: bool) -> dict[str, Any]:
    if config.signalling == "pri":
        return {
            "side": config.side,
            "overlap": config.overlap,
            "t309_s": config.t309_s,
            "isolate": config.isolate and isolate,
            "law": doors.law,
            **config.pri.options(),
        }
    if config.signalling == "mfcr2":
        return {"registers": doors.registers, **config.r2.options(config.variant)}
    if config.signalling == "em":
        return {"audio": doors.audio, **config.em.options(config.side)}
    return {"audio": doors.audio, **config.analog.options(doors.audio.plan)}


def _far_options(span: Span, config: SpanConfig, doors: Doors) -> dict[str, Any]:
    if config.signalling == "pri":
        alike = {"overlap": config.overlap, "switch": config.pri.switch, "law": doors.law}
        return {"side": far_side(config), **alike}
    if config.signalling == "mfcr2":
        r2 = config.r2.options(config.variant)
        ours = {"dnis_length": 0, "ani": "early", "ani_length": 0, "block_collect": False}
        return {"registers": doors.registers, **r2, **ours, "double_answer": False}
    if config.signalling == "em":
        em = config.em.options(far_side(config))
        return {"audio": doors.audio, **em, "digits": 0}
    # The telephone's user hears and dials; the exchange makes its lines' tones.
    audio = doors.audio if span.kind is SpanKind.FXS else None
    ours = {"polarity_on_answer": config.analog.answer == "polarity"}
    return {"audio": audio, **config.analog.options(doors.audio.plan), **ours}


def far_side(config: SpanConfig) -> str:
    """ "user" or "network": what the other end of a PRI or an E&M trunk is."""
    return _OTHER_SIDE[config.side]


def _make_all(
    ends: Ends, options: Callable[[Span, SpanConfig], dict[str, Any]]
) -> list[Signalling]:
    made: dict[str, Signalling] = {}
    groups: dict[str, list[tuple[Span, SpanConfig]]] = {}
    for span, config in ends:
        if config.pri.nfas:
            groups.setdefault(config.pri.nfas, []).append((span, config))
        else:
            made[span.name] = registry.signalling(config.signalling, span, **options(span, config))
    for name, group in groups.items():
        made |= _nfas(name, group, options(*group[0]))
    return [made[span.name] for span, _ in ends]


def _nfas(name: str, ends: Ends, options: dict[str, Any]) -> dict[str, Signalling]:
    """The signallings of a group of spans, by span."""
    ends = sorted(ends, key=lambda end: _ROLES.index(end[1].pri.d_channel))
    members = [(s, c.pri.interface, c.pri.d_channel != "none") for s, c in ends]
    made: list[Signalling] = registry.group("nfas", name, members, **options)
    return {each.span.name: each for each in made}
