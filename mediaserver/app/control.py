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
from mediaserver.cti.messages import refused
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
            raise refused("not_found", "call.none", call=call_id)
        call.end(Cause.NORMAL, "system", f"cleared by {by}")

    async def join(self, call_id: str, by: str) -> None:
        call = self._app.reception.calls.get(call_id)
        if call is None:
            raise refused("not_found", "call.none", call=call_id)
        try:
            call.join_at_exchange()
        except CannotJoin as error:
            raise refused("conflict", "join", why=str(error)) from None

    async def service(self, line: str, in_service: bool, by: str) -> bool:
        try:
            return maintenance.set_service(self._app.lines, line, in_service)
        except NoChannel:
            raise refused("not_found", "channel.none", line=line) from None
        except DriverError as error:
            raise refused("conflict", "line.refuses", why=str(error)) from None

    async def restart(self, line: str, by: str) -> None:
        try:
            maintenance.restart(self._app.lines, line)
        except NoChannel:
            raise refused("not_found", "channel.none", line=line) from None
        except DriverError as error:
            raise refused("conflict", "line.refuses", why=str(error)) from None

    async def set_agent(self, agent: str, state: str, reason: str) -> None:
        try:
            self._app.acd.set_agent(agent, state, reason)
        except KeyError:
            raise refused("not_found", "agent.none", agent=agent) from None
        except ValueError as error:
            raise refused("bad_params", "agent.state", why=str(error)) from None

    def trace(self, span: str, after: int, before: int, last: int, silent: bool) -> dict[str, Any]:
        config = next(each for each in self._app.settings.spans() if each.name == span)
        try:
            rows = self._app.traces.rows(span, after=after, before=before, last=last, silent=silent)
        except KeyError:
            spans = ", ".join(self._app.traces.names())
            raise refused(
                "not_found",
                "trace.none",
                None if spans else "trace.nowhere",
                span=span,
                signalling=config.signalling,
                spans=spans,
            ) from None
        return rows | {"side": config.side if config.signalling == "pri" else ""}

    def engine_counters(self) -> dict[str, int | float]:
        return dict(self._app.session.engine.counters())
