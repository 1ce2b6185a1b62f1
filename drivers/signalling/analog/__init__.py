"""Signalling of analog ports: hook, ring, flash, pulses and polarity turned into calls.

`fxs` feeds telephones, `fxo` is the telephone on an exchange line; `ports` is what they share,
`hook` reads a telephone's hook, `country` the times of a country's lines out of countries.toml.
docs/analog.md tells it to whoever has such a line.
"""

from __future__ import annotations

from typing import Any

from drivers.base import AnalogSpan, EventSink, LineAudio, SpanKind
from drivers.signalling.analog import fxo, fxs, hook
from drivers.signalling.analog.country import AnalogSettings
from drivers.signalling.analog.fxo import FxoSignalling
from drivers.signalling.analog.fxs import FxsSignalling
from drivers.signalling.analog.ports import PortState

__all__ = ["TABLES", "FxoSignalling", "FxsSignalling", "PortState", "analog"]

#: For diagrams and tests: the table of each kind.
TABLES = {"fxs": fxs.TABLE, "fxo": fxo.TABLE, "hook": hook.TABLE}


def analog(
    span: AnalogSpan,
    sink: EventSink,
    *,
    audio: LineAudio | None = None,
    country: str = "cn",
    **options: Any,
) -> FxsSignalling | FxoSignalling:
    """The signalling that goes with the span's kind; `options` are AnalogSettings' own.

    Raises ValueError for another kind, or a word that means nothing.
    """
    settings = AnalogSettings.of(country, **options)
    kind = FxsSignalling if span.kind is SpanKind.FXS else FxoSignalling
    return kind(span, sink, settings, audio=audio)
