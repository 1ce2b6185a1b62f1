"""Spans of DAHDI's dynamic driver, made and destroyed while the guest runs.

A pair is two spans wired to each other; `end` is 0 or 1 of it.
"""

from __future__ import annotations

from drivers.boards.dahdi._dahdi import ffi, lib
from drivers.boards.dahdi.board import channels_of_span
from drivers.boards.dahdi.device import Control


def create(pair: str, end: int) -> None:
    _ask(lib.DAHDI_DYNAMIC_CREATE, pair, end)


def destroy(pair: str, end: int) -> None:
    _ask(lib.DAHDI_DYNAMIC_DESTROY, pair, end)


def configure(span: int, signalling: int, idle_bits: int = 0) -> None:
    """Give a span's channels a signalling, but timeslot 16: one that was made anew has none."""
    control = Control()
    for channel in channels_of_span(control, span, control.span(span).channels):
        if channel.position != 16:
            control.configure(channel.number, signalling, idle_bits=idle_bits)
    control.close()


def _ask(request: int, pair: str, end: int) -> None:
    control = Control()
    box = ffi.new("struct dahdi_dynamic_span *")
    box.driver, box.addr, box.numchans = b"loc", f"{pair}:{end}".encode(), 31
    control._ask("dynamic span", request, box)
    control.close()
