"""What the CTI server asks of the application; the composition root provides it.

A request that cannot be carried out raises CtiError with "not_found" (no such
call, agent, span) or "conflict" (not in this state), and a hint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from mediaserver.cti.messages import Identity
from mediaserver.cti.methods import FaultsParams


class Control(Protocol):
    """The application, as far as clients may steer it."""

    async def hangup(self, call_id: str, by: str) -> None:
        """Clear a live call; `by` is the login that asked."""

    async def join(self, call_id: str, by: str) -> None:
        """Ask the exchange to join the two ends of a call and free their channels."""

    async def service(self, line: str, in_service: bool, by: str) -> bool:
        """Take a channel out of service or bring it back; whether the far end is told."""

    async def restart(self, line: str, by: str) -> None:
        """Bring a channel to idle at both ends; a call on it ends."""

    async def set_agent(self, agent: str, state: str, reason: str) -> None:
        """Move an agent to "ready", "away" or "logged_out"."""

    def faults(self, asked: FaultsParams) -> dict[str, Any]:
        """Set, end or read faults of a span of a virtual board, as the method "faults" does.

        Gives the faults as they are now of what that span receives, by name.
        """

    def trace(self, span: str, after: int, before: int, last: int, silent: bool) -> dict[str, Any]:
        """What went over a span's signalling, as the method "trace" gives it."""

    async def lines(self) -> dict[str, Any]:
        """All spans in figures and words, as the method "lines" gives them."""

    async def line(self, span: str, days: int) -> dict[str, Any]:
        """One span with its history and channels, as the method "line" gives it."""

    def line_check(
        self, line: str, checks: Sequence[str], settings: dict[str, Any], by: str
    ) -> dict[str, Any]:
        """Begin checks of a channel; gives the run, as the method "line_result" does."""

    def line_result(self, number: int) -> dict[str, Any]:
        """A run of checks as it is now."""

    async def line_stop(self, number: int, by: str) -> dict[str, Any]:
        """End a run; gives it as it is then."""

    def message_waiting(self, line: str, on: bool | None) -> dict[str, Any]:
        """Show on a telephone that messages wait, or no longer; None: only tell."""

    def busy_tones(self, forget: str) -> dict[str, Any]:
        """Busy tones that lines have of their own; one may be forgotten, "" none."""

    def engine_counters(self) -> Mapping[str, Any]:
        """Counters of the media engines, by name: missed_ticks, …; groups may be nested once."""


#: Blocking check of a password, run off the loop; None when it is wrong.
Verify = Callable[[str, str], Identity | None]
