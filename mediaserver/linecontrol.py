"""What CTI clients may ask of the line doctor: its answers, and its refusals as CTI errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mediaserver.cti.messages import CtiError
from mediaserver.linedoctor.checks import NoLine, NoRun
from mediaserver.linedoctor.service import LineDoctor
from mediaserver.linedoctor.verdict import CannotCheck
from mediaserver.linedoctor.wanted import Wanted


class LineControl:
    """A part of `cti.control.Control`."""

    def __init__(self, doctor: LineDoctor) -> None:
        self._doctor = doctor

    async def lines(self) -> dict[str, Any]:
        """The method "lines"."""
        return await self._doctor.overview()

    async def line(self, span: str, days: int) -> dict[str, Any]:
        """The method "line"."""
        try:
            return await self._doctor.span(span, days)
        except NoLine as error:
            raise CtiError("not_found", str(error)) from None

    def line_check(
        self, line: str, checks: Sequence[str], settings: dict[str, Any], by: str
    ) -> dict[str, Any]:
        """The method "line_check"."""
        try:
            run = self._doctor.checks.start(line, checks, Wanted(**settings), by)
        except NoLine as error:
            raise CtiError("not_found", str(error), 'a line is named "SPAN/CHANNEL"') from None
        except CannotCheck as error:
            raise CtiError("conflict", str(error), error.todo) from None
        return run.as_data()

    def line_result(self, number: int) -> dict[str, Any]:
        """The method "line_result"."""
        try:
            return self._doctor.checks.run(number).as_data()
        except NoRun as error:
            raise CtiError("not_found", str(error)) from None

    async def line_stop(self, number: int, by: str) -> dict[str, Any]:
        """The method "line_stop"."""
        try:
            return (await self._doctor.checks.stop(number, by)).as_data()
        except NoRun as error:
            raise CtiError("not_found", str(error)) from None
