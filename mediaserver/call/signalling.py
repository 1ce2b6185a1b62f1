"""The signalling of a span as the configuration tells it, for our end and the lab's far end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drivers import registry
from drivers.base import LineAudio, Registers, Signalling, Span, SpanKind
from mediaserver.config.boards import Span as SpanConfig


@dataclass(frozen=True, slots=True)
class Doors:
    """What signalling may need of the media: R2's registers, and tones and keys on analog lines."""

    registers: Registers
    audio: LineAudio


_OTHER_SIDE = {"user": "network", "network": "user"}


def make(span: Span, config: SpanConfig, doors: Doors, *, isolate: bool) -> Signalling:
    """Our end. `isolate` lets libpri have a process of its own where the configuration wants it."""
    options: dict[str, Any] = {}
    if config.signalling == "pri":
        options = {
            "side": config.side,
            "overlap": config.overlap,
            "t309_s": config.t309_s,
            "isolate": config.isolate and isolate,
            **config.pri.options(),
        }
    elif config.signalling == "mfcr2":
        options = {"registers": doors.registers, **config.r2.options(config.variant)}
    elif config.signalling == "em":
        options = {"audio": doors.audio, **config.em.options(config.side)}
    elif config.signalling == "analog":
        options = {"audio": doors.audio, **config.analog.options(doors.audio.plan)}
    return _made(config.signalling, span, options)


def make_far(span: Span, config: SpanConfig, doors: Doors) -> Signalling:
    """What stands at the other end of that span: the other side of the same signalling.

    An R2 exchange takes numbers of any length, and asks for the caller's at once. A telephone is
    lifted by whoever uses it, who dials too.
    """
    options: dict[str, Any] = {}
    if config.signalling == "pri":
        switch = config.pri.switch
        options = {"side": far_side(config), "overlap": config.overlap, "switch": switch}
    elif config.signalling == "mfcr2":
        r2 = config.r2.options(config.variant)
        ours = {"dnis_length": 0, "ani": "early", "ani_length": 0, "block_collect": False}
        options = {"registers": doors.registers, **r2, **ours, "double_answer": False}
    elif config.signalling == "em":
        em = config.em.options(far_side(config))
        options = {"audio": doors.audio, **em, "digits": 0}
    elif config.signalling == "analog":
        # The telephone's user hears and dials; the exchange makes its lines' tones.
        audio = doors.audio if span.kind is SpanKind.FXS else None
        ours = {"polarity_on_answer": config.analog.answer == "polarity"}
        options = {"audio": audio, **config.analog.options(doors.audio.plan), **ours}
    return _made(config.signalling, span, options)


def far_side(config: SpanConfig) -> str:
    """ "user" or "network": what the other end of a PRI or an E&M trunk is."""
    return _OTHER_SIDE[config.side]


def _made(name: str, span: Span, options: dict[str, Any]) -> Signalling:
    made: Signalling = registry.signalling(name, span, **options)
    return made
