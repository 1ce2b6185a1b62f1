"""Signalling from plain options, as the registry hands them on."""

from __future__ import annotations

from typing import Any

from drivers.base import DChannelSpan, EventSink, Signalling
from drivers.signalling.alarm import GUARD_S
from drivers.signalling.pri import PriSignalling
from drivers.signalling.pri_child import PriChild
from drivers.signalling.pri_settings import PriSettings


def pri(
    span: DChannelSpan,
    sink: EventSink,
    *,
    isolate: bool = False,
    alarm_guard_s: float = GUARD_S,
    **options: Any,
) -> Signalling:
    """PRI signalling; `options` are those of `PriSettings`.

    `isolate` puts libpri into a process of its own; only in real time, for that
    process has the machine's clock.
    """
    settings = PriSettings(**options)
    if isolate:
        return PriChild(span, sink, settings, alarm_guard_s=alarm_guard_s)
    return PriSignalling(span, sink, settings, alarm_guard_s=alarm_guard_s)
