"""What CTI clients may ask of the lines: the line doctor, and what single lines are known to be.

Answers, and refusals as CTI errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drivers.base import Board
from drivers.boards.virtual.board import VirtualBoard
from mediaserver.call.messages import MessagesWaiting, NoTelephone
from mediaserver.cti.messages import CtiError, refused
from mediaserver.cti.methods import FaultsParams
from mediaserver.linedoctor.checks import NoLine, NoRun
from mediaserver.linedoctor.service import LineDoctor
from mediaserver.linedoctor.verdict import CannotCheck
from mediaserver.linedoctor.wanted import Wanted
from mediaserver.media.busytone import BusyTones


class LineControl:
    """A part of `cti.control.Control`."""

    def __init__(
        self,
        boards: Sequence[Board],
        doctor: LineDoctor,
        messages: MessagesWaiting,
        tones: BusyTones,
    ) -> None:
        self._boards = boards
        self._doctor = doctor
        self._messages = messages
        self._tones = tones

    def message_waiting(self, line: str, on: bool | None) -> dict[str, Any]:
        """The method "message_waiting"."""
        try:
            if on is not None:
                self._messages.set(line, on)
        except NoTelephone:
            raise refused("not_found", "telephone.none", line=line) from None
        return {"waiting": self._messages.waiting()}

    def busy_tones(self, forget: str) -> dict[str, Any]:
        """The method "busy_tones"."""
        if forget and not self._tones.forget(forget):
            raise refused("not_found", "busy_tone.none", line=forget)
        return {"tones": {line: tone._asdict() for line, tone in self._tones.lines().items()}}

    def faults(self, asked: FaultsParams) -> dict[str, Any]:
        """The method "faults"."""
        for board in self._boards:
            if isinstance(board, VirtualBoard) and any(s.name == asked.span for s in board.spans):
                break
        else:
            raise refused("not_found", "virtual", span=asked.span)
        if asked.clear:
            board.clear(asked.span)
        settings = asked.settings.model_dump(exclude_none=True)
        try:
            board.fault(asked.span, asked.toward, asked.channel, **settings)
        except (KeyError, ValueError) as error:
            raise refused("bad_params", "faults", why=str(error.args[0])) from None
        return dict(board.span(asked.span).status()["faults"])

    async def lines(self) -> dict[str, Any]:
        """The method "lines"."""
        return await self._doctor.overview()

    async def line(self, span: str, days: int) -> dict[str, Any]:
        """The method "line"."""
        try:
            return await self._doctor.span(span, days)
        except NoLine:
            raise refused("not_found", "span.none", "", span=span) from None

    def line_check(
        self, line: str, checks: Sequence[str], settings: dict[str, Any], by: str
    ) -> dict[str, Any]:
        """The method "line_check"."""
        try:
            run = self._doctor.checks.start(line, checks, Wanted(**settings), by)
        except NoLine:
            raise refused("not_found", "channel.none", line=line) from None
        except CannotCheck as error:
            raise CtiError("conflict", error.said, error.advice or "") from None
        return run.as_data()

    def line_result(self, number: int) -> dict[str, Any]:
        """The method "line_result"."""
        try:
            return self._doctor.checks.run(number).as_data()
        except NoRun:
            raise refused("not_found", "check.none", number=number) from None

    async def line_stop(self, number: int, by: str) -> dict[str, Any]:
        """The method "line_stop"."""
        try:
            return (await self._doctor.checks.stop(number, by)).as_data()
        except NoRun:
            raise refused("not_found", "check.none", number=number) from None
