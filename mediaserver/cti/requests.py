"""Carries out requests: the permission check, then the feed's, the board's or Control's answer.

Knows nothing of sockets. `login` and `subscribe`, which change the connection
itself, are asked of its `Session`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from mediaserver.cti import methods
from mediaserver.cti.control import Control, Verify
from mediaserver.cti.feed import Feed
from mediaserver.cti.limits import LoginGuard
from mediaserver.cti.messages import VERSION, CtiError, Identity, Request, refused

log = logging.getLogger(__name__)


class Session(Protocol):
    """The connection a request came over."""

    address: str
    local: Identity | None  # who the socket itself says it is, taken up by "hello"
    identity: Identity | None

    def log_in(self, identity: Identity) -> None: ...

    def subscribe(self, after: int) -> None: ...


class Requests:
    """Carries out requests for every session of one server."""

    def __init__(self, feed: Feed, control: Control, verify: Verify, guard: LoginGuard) -> None:
        self._feed, self._control = feed, control
        self._verify, self._guard = verify, guard
        self._verifying = asyncio.Semaphore(2)  # a hash takes tens of MB and a core
        self.cti_counters: Callable[[], dict[str, int]] = dict
        self._do: dict[str, Callable[[Session, Identity, Any], Awaitable[dict[str, Any]]]] = {
            "hello": self._hello,
            "login": self._login,
            "ping": self._ping,
            "snapshot": self._snapshot,
            "subscribe": self._subscribe,
            "status": self._status,
            "calls": self._calls,
            "hangup": self._hangup,
            "join": self._join,
            "service": self._service,
            "restart": self._restart,
            "agent_state": self._agent_state,
            "faults": self._faults,
            "trace": self._trace,
            "lines": self._lines,
            "line": self._line,
            "line_check": self._line_check,
            "line_result": self._line_result,
            "line_stop": self._line_stop,
            "message_waiting": self._message_waiting,
            "busy_tones": self._busy_tones,
        }

    async def answer(self, session: Session, request: Request) -> dict[str, Any]:
        """The result; CtiError for every refusal, also for a fault of our own (logged)."""
        method = methods.find(request.method)
        who = self._asker(session, request)
        methods.permit(method, who)
        params = methods.parse(method.params, request.params)
        try:
            return await self._do[method.name](session, who or NOBODY, params)
        except CtiError:
            raise
        except Exception:
            log.exception("request %s of %s failed", method.name, session.address)
            raise refused("internal", "method.failed", method=method.name) from None

    def _asker(self, session: Session, request: Request) -> Identity | None:
        if request.acting is None:
            return session.identity
        if session.identity is None or not session.identity.trusted:
            raise refused("denied", "as.untrusted")
        return request.acting

    # ---- who -------------------------------------------------------------------

    def _greeting(self, session: Session) -> dict[str, Any]:
        who = session.identity
        return {
            "server": self._feed.board.server.name,
            "version": self._feed.board.server.version,
            "protocol": VERSION,
            "login": who.login if who else None,
            "role": who.role if who else None,
            "seq": self._feed.seq,
        }

    async def _hello(self, session: Session, who: Identity, params: Any) -> dict[str, Any]:
        if session.identity is None and session.local is not None:
            session.log_in(session.local)
        return self._greeting(session)

    async def _login(
        self, session: Session, who: Identity, params: methods.LoginParams
    ) -> dict[str, Any]:
        wait = self._guard.wait_s(session.address, params.login)
        if wait > 0:
            raise refused("too_many_attempts", "login.often", seconds=wait)
        identity = await self._checked(params)
        if identity is None:
            self._guard.failed(session.address, params.login)
            log.warning("CTI login of %r from %s failed", params.login, session.address)
            raise refused("login_failed", "login.wrong")
        self._guard.succeeded(session.address, params.login)
        session.log_in(identity)
        return self._greeting(session)

    async def _checked(self, params: methods.LoginParams) -> Identity | None:
        loop = asyncio.get_running_loop()
        async with self._verifying:
            try:
                return await loop.run_in_executor(None, self._verify, params.login, params.password)
            except Exception as exc:
                log.warning("CTI login cannot be checked: %s", exc)
                raise refused("unavailable", "login.unchecked") from exc

    # ---- what is ---------------------------------------------------------------

    async def _ping(self, session: Session, who: Identity, params: Any) -> dict[str, Any]:
        return {"seq": self._feed.seq}

    async def _snapshot(self, session: Session, who: Identity, params: Any) -> dict[str, Any]:
        return dict(self._feed.board.snapshot(self._feed.seq, self._counters()))

    def _counters(self) -> dict[str, int | float]:
        """The engine's, on one level: {"kernel_ns": {"mix": 7}} is "kernel_ns.mix"."""
        flat: dict[str, int | float] = {}
        for name, value in self._control.engine_counters().items():
            if isinstance(value, Mapping):
                flat.update({f"{name}.{key}": each for key, each in value.items()})
            else:
                flat[name] = value
        return flat

    async def _subscribe(
        self, session: Session, who: Identity, params: methods.SubscribeParams
    ) -> dict[str, Any]:
        after = self._feed.seq if params.from_seq is None else params.from_seq
        if not self._feed.has_after(after):
            raise refused(
                "snapshot_needed", "events.gone", oldest=self._feed.oldest, newest=self._feed.seq
            )
        session.subscribe(after)
        return {"seq": self._feed.seq}

    async def _status(self, session: Session, who: Identity, params: Any) -> dict[str, Any]:
        board = self._feed.board
        whole = board.snapshot(self._feed.seq, self._counters())
        spans = [
            {
                **span,
                "channels": len(span["channels"]),
                "in_use": sum(row["state"] not in ("idle", "blocked") for row in span["channels"]),
            }
            for span in whole["spans"]
        ]
        return {
            "server": whole["server"],
            "seq": whole["seq"],
            "totals": {
                "calls": dict(Counter(call["state"] for call in whole["calls"])),
                "agents": dict(Counter(agent["state"] for agent in whole["agents"])),
            },
            "spans": spans,
            "queues": [{**row, "waiting": len(row["waiting"])} for row in whole["queues"]],
            "alarms": whole["alarms"],
            "cti": self.cti_counters(),
        }

    async def _calls(self, session: Session, who: Identity, params: Any) -> dict[str, Any]:
        return {"calls": list(self._feed.board.calls.values())}

    # ---- what to do --------------------------------------------------------------

    async def _hangup(
        self, session: Session, who: Identity, params: methods.HangupParams
    ) -> dict[str, Any]:
        self._own_call(who, params.call_id, "clear")
        await self._control.hangup(params.call_id, who.login)
        log.info("call %s cleared by %s over CTI", params.call_id, who.login)
        return {}

    def _own_call(self, who: Identity, call_id: str, what: str) -> None:
        """CtiError where there is no such call, or it is another's and `who` an agent."""
        call = self._feed.board.calls.get(call_id)
        own = call is not None and call["agent"] == who.login
        if who.role == "agent" and not own:
            raise refused("denied", f"own.{what}")
        if call is None:
            raise refused("not_found", "call.none", call=call_id)

    async def _join(
        self, session: Session, who: Identity, params: methods.JoinParams
    ) -> dict[str, Any]:
        self._own_call(who, params.call_id, "join")
        await self._control.join(params.call_id, who.login)
        log.info("call %s handed to the exchange by %s over CTI", params.call_id, who.login)
        return {}

    async def _service(
        self, session: Session, who: Identity, params: methods.ServiceParams
    ) -> dict[str, Any]:
        self._known_span(params.line.rpartition("/")[0])
        told = await self._control.service(params.line, params.in_service, who.login)
        return {"far_end_told": told}

    async def _restart(
        self, session: Session, who: Identity, params: methods.RestartParams
    ) -> dict[str, Any]:
        self._known_span(params.line.rpartition("/")[0])
        await self._control.restart(params.line, who.login)
        log.info("channel %s restarted by %s over CTI", params.line, who.login)
        return {}

    async def _agent_state(
        self, session: Session, who: Identity, params: methods.AgentStateParams
    ) -> dict[str, Any]:
        if who.role == "agent" and params.agent != who.login:
            raise refused("denied", "own.state")
        if params.agent not in self._feed.board.agents:
            raise refused("not_found", "agent.none", agent=params.agent)
        if params.state == "away" and not params.reason.strip():
            raise refused("bad_params", "agent.reason")
        await self._control.set_agent(params.agent, params.state, params.reason)
        return {}

    async def _faults(
        self, session: Session, who: Identity, params: methods.FaultsParams
    ) -> dict[str, Any]:
        self._known_span(params.span)
        return {"faults": self._control.faults(params)}

    async def _trace(
        self, session: Session, who: Identity, params: methods.TraceParams
    ) -> dict[str, Any]:
        self._known_span(params.span)
        return self._control.trace(**params.model_dump())

    # ---- lines -------------------------------------------------------------------

    async def _lines(self, session: Session, who: Identity, params: Any) -> dict[str, Any]:
        return await self._control.lines()

    async def _line(
        self, session: Session, who: Identity, params: methods.LineParams
    ) -> dict[str, Any]:
        self._known_span(params.span)
        return await self._control.line(params.span, params.days)

    async def _line_check(
        self, session: Session, who: Identity, params: methods.LineCheckParams
    ) -> dict[str, Any]:
        settings = params.model_dump(exclude={"line", "checks"})
        return self._control.line_check(params.line, params.checks, settings, who.login)

    async def _line_result(
        self, session: Session, who: Identity, params: methods.LineRunParams
    ) -> dict[str, Any]:
        return self._control.line_result(params.id)

    async def _line_stop(
        self, session: Session, who: Identity, params: methods.LineRunParams
    ) -> dict[str, Any]:
        return await self._control.line_stop(params.id, who.login)

    async def _message_waiting(
        self, session: Session, who: Identity, params: methods.MessageWaitingParams
    ) -> dict[str, Any]:
        return self._control.message_waiting(params.line, params.on)

    async def _busy_tones(
        self, session: Session, who: Identity, params: methods.BusyTonesParams
    ) -> dict[str, Any]:
        return self._control.busy_tones(params.forget)

    def _known_span(self, span: str) -> None:
        if span not in self._feed.board.spans:
            known = ", ".join(self._feed.board.spans)
            raise refused("not_found", "span.none", span=span, spans=known)


NOBODY = Identity("", "")
