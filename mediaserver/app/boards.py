"""Boards as the configuration tells them: which driver, which spans, with what settings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from drivers import registry
from drivers.base import Board, SpanKind
from mediaserver.clock import VirtualLoop
from mediaserver.config.boards import Board as BoardConfig
from mediaserver.config.boards import Span as SpanConfig
from mediaserver.config.cesopsn import address
from mediaserver.config.settings import Settings


def open_real(settings: Settings) -> list[Board]:
    """Every board that is not simulated, opened; inside the running loop.

    Raises DriverError naming the board, span or channel that cannot be used, with nothing left
    open.
    """
    return _opened(settings, [b for b in settings.boards if b.type != "virtual"], far=False)


def open_far(settings: Settings) -> list[Board]:
    """The other ends of real spans that are wired to spans of this machine, for demo and lab."""
    wired = [b for b in settings.boards if any(s.far_dahdi or s.far for s in b.spans)]
    return _opened(settings, wired, far=True)


def _opened(settings: Settings, configs: Sequence[BoardConfig], *, far: bool) -> list[Board]:
    boards: list[Board] = []
    try:
        for config in configs:
            boards.append(_OPEN[config.type](config, settings, far))
    except BaseException:
        for board in boards:
            board.close()
        raise
    return boards


#: What a span of ours is at its other end.
_OTHER_END = {"e1": SpanKind.E1, "fxs": SpanKind.FXO, "fxo": SpanKind.FXS}


def _dahdi(config: BoardConfig, settings: Settings, far: bool) -> Any:
    from drivers.boards.dahdi.board import DahdiSpec

    specs = [
        DahdiSpec(
            span.name,
            _OTHER_END[span.kind] if far else SpanKind(span.kind),
            span.far_dahdi if far else span.dahdi,
            0 if span.kind == "e1" else span.ports,
            echo_taps=None if far else span.kernel_echo_taps,
            echo_on=None if far else span.kernel_echo_channels,
            receive_db=0.0 if far else span.receive_db,
            send_db=0.0 if far else span.send_db,
        )
        for span in config.spans
        if not far or span.far_dahdi
    ]
    return registry.board(
        "dahdi",
        f"{config.name} far" if far else config.name,
        specs,
        block=settings.media.block_ms * 8,
        law=settings.media.law,
        prefill=config.prefill,
        echo_taps=0 if far else config.kernel_echo_taps,
        echo=config.kernel_echo,
        join=config.join and not far,
    )


def _cesopsn(config: BoardConfig, settings: Settings, far: bool) -> Any:
    block_ms = settings.media.block_ms
    virtual = isinstance(asyncio.get_running_loop(), VirtualLoop)
    return registry.board(
        "cesopsn",
        f"{config.name} far" if far else config.name,
        [_over_ip(span, far) for span in config.spans if not far or span.far],
        block=block_ms * 8,
        law=settings.media.law,
        # Virtual time goes on to the next timer, whatever a descriptor has to tell meanwhile.
        poll_s=block_ms / 1000 if virtual else None,
    )


def _over_ip(span: SpanConfig, far: bool) -> Any:
    from drivers.boards.cesopsn.spec import CesopsnSpec

    local, remote = address(span.local), address(span.remote)
    return CesopsnSpec(
        span.name,
        remote if far else local,
        local if far else remote,
        span.carried(span.signalling),
        packet_ms=span.packet_ms,
        cas=span.has_bits,
        rtp=span.rtp,
        jitter_ms=span.jitter_ms,
        line_clock=span.clock == "line" and not far,
    )


_OPEN = {"dahdi": _dahdi, "cesopsn": _cesopsn}
