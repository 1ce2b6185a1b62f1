"""E&M signalling on an E1's signalling bits: tie lines between exchanges, immediate or wink start.

`trunk` has one circuit's table and state, `settings` its times, `span` thirty of them on the loop's
clock. docs/em.md tells it to whoever has such a line.
"""

from __future__ import annotations

from typing import Any

from drivers.base import CasSpan, EventSink, LineAudio
from drivers.signalling.alarm import GUARD_S
from drivers.signalling.cas_words import Trace
from drivers.signalling.em.settings import EmSettings
from drivers.signalling.em.span import EmSignalling

__all__ = ["EmSettings", "EmSignalling", "em"]


def em(
    span: CasSpan,
    sink: EventSink,
    *,
    audio: LineAudio,
    alarm_guard_s: float = GUARD_S,
    trace: Trace | None = None,
    **options: Any,
) -> EmSignalling:
    """From plain options: those of `EmSettings`. Raises ValueError for what cannot be."""
    settings = EmSettings.of(**options)
    return EmSignalling(span, sink, audio, settings, alarm_guard_s=alarm_guard_s, trace=trace)
