"""What CTI clients may ask of the app: `cti.control.Control`, whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from drivers.base import Board, DriverError
from drivers.cause import Cause
from mediaserver.acd.service import Acd
from mediaserver.app.linecontrol import LineControl
from mediaserver.call import maintenance
from mediaserver.call.call import CannotJoin
from mediaserver.call.lines import Lines, NoChannel
from mediaserver.call.messages import MessagesWaiting
from mediaserver.call.traces import Traces
from mediaserver.config import Settings
from mediaserver.cti.messages import CtiError
from mediaserver.ivr.reception import Reception
from mediaserver.linedoctor.service import LineDoctor
from mediaserver.media.busytone import BusyTones
from mediaserver.media.session import MediaSession


class Parts(Protocol):
    """The app, as far as clients reach it."""

    settings: Settings
    boards: Sequence[Board]
    session: MediaSession
    reception: Reception
    acd: Acd
    lines: Lines
    traces: Traces
    doctor: LineDoctor
    messages: MessagesWaiting
    busy_tones: BusyTones


class AppControl(LineControl):
    """What CTI clients may ask of the app."""

    def __init__(self, app: Parts) -> None:
        super().__init__(app.boards, app.doctor, app.messages, app.busy_tones)
        self._app = app

    async def hangup(self, call_id: str, by: str) -> None:
        call = self._app.reception.calls.get(call_id)
        if call is None:
            raise CtiError("not_found", f"there is no call {call_id}", "it may have ended")
        call.end(Cause.NORMAL, "system", f"cleared by {by}")

    async def join(self, call_id: str, by: str) -> None:
        call = self._app.reception.calls.get(call_id)
        if call is None:
            raise CtiError("not_found", f"there is no call {call_id}", "it may have ended")
        try:
            call.join_at_exchange()
        except CannotJoin as error:
            raise CtiError("conflict", str(error)) from None

    async def service(self, line: str, in_service: bool, by: str) -> bool:
        try:
            return maintenance.set_service(self._app.lines, line, in_service)
        except NoChannel:
            raise CtiError("not_found", f"there is no channel {line!r}") from None
        except DriverError as error:
            raise CtiError("conflict", str(error), "try again when the line is up") from None

    async def set_agent(self, agent: str, state: str, reason: str) -> None:
        try:
            self._app.acd.set_agent(agent, state, reason)
        except KeyError:
            raise CtiError("not_found", f"there is no agent {agent!r}") from None
        except ValueError as error:
            raise CtiError("bad_params", str(error)) from None

    def trace(self, span: str, after: int, before: int, last: int, silent: bool) -> dict[str, Any]:
        config = next(each for each in self._app.settings.spans() if each.name == span)
        try:
            rows = self._app.traces.rows(span, after=after, before=before, last=last, silent=silent)
        except KeyError:
            traced = ", ".join(self._app.traces.names()) or "none"
            hint = f"spans with a trace: {traced}"
            what = f"{span} is {config.signalling}: it sends no messages"
            raise CtiError("not_found", what, hint) from None
        return rows | {"side": config.side if config.signalling == "pri" else ""}

    def engine_counters(self) -> dict[str, int | float]:
        return dict(self._app.session.engine.counters())
