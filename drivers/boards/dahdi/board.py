"""Cards under DAHDI: the board that owns their spans and watches over them.

What: opens the spans it is given by number, hands their events on, and brings back those that
vanish (a card unplugged, `dahdi_cfg` run again) or appear after the start while the others go on.
How: one epoll for all descriptors of the board, whose own descriptor stands in the loop; once a
second each span's alarms are asked for, as not every driver posts them.
Limits: spans are set up by dahdi_cfg (`mediaserver dahdi config` writes its file).
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import select
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from drivers.base import DriverError, SpanKind
from drivers.boards.dahdi import words
from drivers.boards.dahdi.analog import DahdiAnalogSpan
from drivers.boards.dahdi.device import NOWHERE, ChannelInfo, Control, DahdiError
from drivers.boards.dahdi.span import AudioSettings, DahdiE1Span, DahdiSpan

_log = logging.getLogger(__name__)

_LOOK_S = 1.0
_AGAIN_MOST_S = 60.0
#: From DAHDI's word that a span goes until it has, and more: a channel opened meanwhile would go
#: too, and asking one that has gone takes 5 ms.
_LEAVES_S = 2.0
#: What DAHDI says of a span there is none of.
_NOT_THERE = (errno.EINVAL, errno.ENXIO, errno.ENODEV)


@dataclass(frozen=True, slots=True)
class DahdiSpec:
    """One span to use: our name for it, what it is, DAHDI's number of it.

    ports : how many of its ports, analog only; 0: all
    echo_taps : of the kernel's canceller; None: as the board's
    echo_on : the channels that have it; None: all
    receive_db, send_db : gains in the driver
    """

    name: str
    kind: SpanKind
    number: int
    ports: int = 0
    echo_taps: int | None = None
    echo_on: frozenset[int] | None = None
    receive_db: float = 0.0
    send_db: float = 0.0

    @property
    def positions(self) -> tuple[int, ...]:
        """Its channels where the card need not be asked; () where it is to be."""
        if self.kind is SpanKind.E1:
            return (*range(1, 16), *range(17, 32))
        return tuple(range(1, self.ports + 1))

    def of(self, audio: AudioSettings) -> AudioSettings:
        """The board's settings with what is the span's own."""
        taps = audio.echo_taps if self.echo_taps is None else self.echo_taps
        return replace(
            audio,
            echo_taps=taps,
            echo_on=self.echo_on,
            receive_db=self.receive_db,
            send_db=self.send_db,
        )


class DahdiBoard:
    """Made inside the running loop. Raises DahdiError, DriverError naming what does not fit."""

    def __init__(self, name: str, specs: Iterable[DahdiSpec], audio: AudioSettings) -> None:
        self.name = name
        self.spans: list[DahdiSpan] = []
        self._specs = {spec.name: spec for spec in specs}
        self.control = Control()
        self._epoll = select.epoll()
        self._readers: dict[int, Callable[[], None]] = {}
        self._again_s: dict[str, float] = {}
        self._next_s: dict[str, float] = {}
        self._loop = asyncio.get_running_loop()
        try:
            for spec in self._specs.values():
                self.spans.append(open_span(self.control, spec, audio))
        except BaseException:
            self.close()
            raise
        for span in self.spans:
            self._watch(span)
        self._loop.add_reader(self._epoll.fileno(), self._ready)
        self._timer = self._loop.call_later(_LOOK_S, self._look)

    def close(self) -> None:
        """After the engine has stopped: it reads these descriptors."""
        if not self._epoll.closed:
            self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
        if hasattr(self, "_timer"):
            self._timer.cancel()
        for span in self.spans:
            span.close()
        self.control.close()

    def status(self) -> list[dict[str, Any]]:
        """One entry a span, for the console."""
        return [span.status() for span in self.spans]

    # ---- watching

    def _watch(self, span: DahdiSpan) -> None:
        for fd, call in span.readers().items():
            if fd not in self._readers:
                self._epoll.register(fd, select.EPOLLIN | select.EPOLLPRI)
            self._readers[fd] = call

    def _ready(self) -> None:
        for fd, _ in self._epoll.poll(0):
            call = self._readers.get(fd)
            if call is not None:
                call()

    def _look(self) -> None:
        self._timer = self._loop.call_later(_LOOK_S, self._look)
        for span in self.spans:
            if span.broken:
                self._revive(span)
            span.look()

    def _revive(self, span: DahdiSpan) -> None:
        """With a pause that doubles up to a minute; one line in the log each time."""
        now = self._loop.time()
        if now < max(self._next_s.get(span.name, 0.0), span.left_s + _LEAVES_S):
            return
        gone = [fd for fd in self._readers if fd not in span.readers() and not _open(fd)]
        for fd in gone:
            del self._readers[fd]
        try:
            if span.absent:
                span.appeared(*fitting_channels(self.control, self._specs[span.name]))
            span.revive()
        except DriverError as error:
            pause = min(_AGAIN_MOST_S, 2 * self._again_s.get(span.name, 0.5))
            self._again_s[span.name], self._next_s[span.name] = pause, now + pause
            _log.warning("%s: %s; tried again in %.0f s", span.name, error, pause)
            return
        self._again_s.pop(span.name, None)
        self._next_s.pop(span.name, None)
        self._watch(span)
        _log.info("%s is back", span.name)


def _open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def open_span(control: Control, spec: DahdiSpec, audio: AudioSettings) -> DahdiSpan:
    """Open a span's channels of the wanted kind. Raises DahdiError, DriverError.

    A span that is not there is waited for by the board, if it is known how many channels it has."""
    audio = spec.of(audio)
    try:
        fitting, d_channel = fitting_channels(control, spec)
    except DahdiError as error:
        if error.code not in _NOT_THERE or not spec.positions:
            raise
        _log.warning("%s: %s; it is waited for", spec.name, error)
        fitting = [replace(NOWHERE, span=spec.number, position=each) for each in spec.positions]
        d_channel = None
    if spec.kind is SpanKind.E1:
        return DahdiE1Span(spec.name, spec.number, fitting, control, audio, d_channel)
    ports = fitting[: spec.ports or None]
    return DahdiAnalogSpan(spec.name, spec.kind, spec.number, ports, control, audio)


def fitting_channels(
    control: Control, spec: DahdiSpec
) -> tuple[list[ChannelInfo], ChannelInfo | None]:
    """A span's channels of the wanted kind, and its D channel if it has one.

    Raises DahdiError where there is no such span, DriverError where it has no such channel."""
    info = control.span(spec.number)
    found = channels_of_span(control, spec.number, info.channels)
    fitting = [each for each in found if each.signalling in words.FITS[spec.kind]]
    if not fitting:
        kinds = sorted({words.signalling_word(each.signalling) for each in found})
        raise DriverError(
            f"{spec.name}: DAHDI span {spec.number} ({info.name}) has no channel for "
            f"{spec.kind.value}; its channels are: {', '.join(kinds) or 'none'} "
            "(see /etc/dahdi/system.conf)"
        )
    return fitting, next((c for c in found if c.signalling in words.D_CHANNELS), None)


def channels_of_span(control: Control, span: int, count: int) -> Sequence[ChannelInfo]:
    """The channels of a span; they follow one another, beginning somewhere."""
    found: list[ChannelInfo] = []
    number = 1
    while len(found) < count and number <= 1024:
        try:
            info = control.channel(number)
        except DahdiError:
            if found:
                break
        else:
            if info.span == span:
                found.append(info)
        number += 1
    return found


def make_board(
    name: str, specs: Iterable[DahdiSpec], *, block: int = 80, law: str = "alaw", **audio: Any
) -> DahdiBoard:
    """A board of the spans in `specs`; `audio` as in AudioSettings."""
    return DahdiBoard(name, specs, AudioSettings(block=block, law=law, **audio))
