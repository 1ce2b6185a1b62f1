"""Signalling from plain options, as the registry hands them on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drivers.base import DChannelSpan, EventSink, Signalling
from drivers.signalling.alarm import GUARD_S
from drivers.signalling.pri.child import PriChild
from drivers.signalling.pri.nfas import Bundle, Member, NfasGroup
from drivers.signalling.pri.settings import PriSettings
from drivers.signalling.pri.signalling import PriSignalling


def pri(
    span: DChannelSpan,
    sink: EventSink,
    *,
    isolate: bool = False,
    alarm_guard_s: float = GUARD_S,
    **options: Any,
) -> Signalling:
    """PRI signalling of the span's channels; `options` are those of `PriSettings`.

    `isolate` puts libpri into a process of its own; only in real time, for that
    process has the machine's clock.
    """
    settings = PriSettings(channels=tuple(each.number for each in span.channels), **options)
    return _one(span, sink, settings, isolate, alarm_guard_s)


def nfas(
    name: str,
    members: Sequence[tuple[DChannelSpan, int, bool]],
    *,
    isolate: bool = False,
    alarm_guard_s: float = GUARD_S,
    **options: Any,
) -> list[Signalling]:
    """The signallings of a group of spans, in the order of `members`; the rest is as for `pri`.

    A member is a span, the number of its interface, and whether it has a D channel; they are used
    in that order.
    """
    spans = [Member(*each) for each in members]

    def common(span: Bundle, sink: EventSink, settings: PriSettings) -> PriSignalling | PriChild:
        return _one(span, sink, settings, isolate, alarm_guard_s)

    return [*NfasGroup(name, spans, PriSettings(**options), common, alarm_guard_s).spans]


def _one(
    span: DChannelSpan,
    sink: EventSink,
    settings: PriSettings,
    isolate: bool,
    alarm_guard_s: float,
) -> PriSignalling | PriChild:
    kind = PriChild if isolate else PriSignalling
    return kind(span, sink, settings, alarm_guard_s=alarm_guard_s)
