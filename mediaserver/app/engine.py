"""The media engine that a plant's lines need: its channels, and its costly banks' slots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drivers.base import Board, Span, SpanKind
from dsp_ext.engine import Engine
from mediaserver.bus import Bus
from mediaserver.call.care import LineCare
from mediaserver.clock import Clock
from mediaserver.config import Settings
from mediaserver.media.registers import banks
from mediaserver.media.session import MediaSession


def channels_of(boards: Sequence[Board]) -> int:
    return sum(len(span.channels) for board in boards for span in board.spans)


def line_care(settings: Settings) -> dict[str, LineCare]:
    """What is done about each span's lines: echo where it is wanted, tones on exchange lines."""
    media = settings.media
    return {
        span.name: LineCare(
            echo=span.cancels_echo and media.can_cancel,
            not_on=span.echo_left_to_card,
            tones=media.tone_plan if span.kind == "fxo" else "",
            answer=span.analog.answer,
            busy="busy" in span.analog.disconnect,
            silence_s=span.analog.silence_s if "silence" in span.analog.disconnect else 0.0,
        )
        for span in settings.spans()
    }


def line_slots(settings: Settings, spans: Sequence[Span]) -> dict[str, Any]:
    """Slots of the engine's costly banks: one for every channel that may need it."""
    cares = line_care(settings)
    echo = sum(len(span.channels) for span in spans if cares[span.name].echo)
    progress: dict[str, int] = {}
    for span in spans:
        if plan := cares[span.name].tones:
            progress[plan] = progress.get(plan, 0) + len(span.channels)
    return {"echo": echo, "progress": progress, "caller_id": _caller_id_slots(settings, spans)}


def _caller_id_slots(settings: Settings, spans: Sequence[Span]) -> dict[str, int]:
    """A receiver of the right modem for each line that may be told who calls."""
    configs = {config.name: config for config in settings.spans()}
    found: dict[str, int] = {}
    for span in spans:
        if span.kind is not SpanKind.FXO:
            continue
        how = configs[span.name].analog.scheme(settings.media.tone_plan)
        if how is not None and how.by == "fsk":
            found[how.modem] = found.get(how.modem, 0) + len(span.channels)
    return found


def make_session(
    settings: Settings, boards: Sequence[Board], clock: Clock, bus: Bus
) -> MediaSession:
    """An engine with room for all channels of `boards`, each at its place."""
    block = settings.media.block_ms * 8
    r2 = {s.name: s.variant == "cn" for s in settings.spans() if s.signalling == "mfcr2"}
    spans = [span for board in boards for span in board.spans]
    mfr2 = banks([(r2[span.name], len(span.channels)) for span in spans if span.name in r2])
    engine = Engine(
        max(1, channels_of(boards)),
        block=block,
        law=settings.media.law,
        echo_tail_ms=settings.media.echo_tail_ms,
        echo_nlp=settings.media.echo_suppress,
        mfr2=mfr2,
        **line_slots(settings, spans),
    )
    first = 0
    for board in boards:
        for span in board.spans:
            engine.attach(first, span.port)
            for place, channel in enumerate(span.channels):
                channel.index = first + place
            first += len(span.channels)
    return MediaSession(engine, clock, bus)
