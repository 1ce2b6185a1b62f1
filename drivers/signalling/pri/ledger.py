"""What a PRI link knows: its calls, which channels are idle, and the events to hand out."""

from __future__ import annotations

from collections.abc import Iterable

from drivers.base import DriverError
from drivers.cause import Cause
from drivers.events import ChannelState, LineEvent, Released, SignallingFault
from drivers.signalling.pri.calls import Adopted, Call, CallState
from drivers.signalling.pri.restart import RestartQueue
from drivers.signalling.pri.settings import PriSettings


def pick_channel(settings: PriSettings, idle: list[int]) -> int | None:
    """One of the idle channels: the two sides hunt from opposite ends, to meet seldom."""
    if not idle:
        return None
    return max(idle) if settings.side == "network" else min(idle)


class Ledger:
    """The books of one link. Calls are found by ref, by libpri's handle or by call reference."""

    def __init__(
        self, settings: PriSettings, span: str, first_ref: int, out: Iterable[int] = ()
    ) -> None:
        self.restarts = RestartQueue(settings.timer("t316_ms"), int(settings.timer("n316")))
        self._settings = settings
        self._span = span
        self._calls: dict[int, Call] = {}
        self._by_handle: dict[int, Call] = {}
        self._out = set(out)  # channels taken out of service, by either end
        self._events: list[LineEvent] = []
        self._next_ref = first_ref + first_ref % 2  # outgoing even, incoming odd

    # ---- calls ---------------------------------------------------------------------------

    def add(self, handle: int, channel: int, outgoing: bool, cref: int, ref: int | None) -> Call:
        """A new call; `ref` None numbers it."""
        if ref is None:
            ref = self._next_ref if outgoing else self._next_ref + 1
            self._next_ref += 2
        state = CallState.DIALLING if outgoing else CallState.OFFERED
        call = Call(ref, handle, channel, outgoing, state, cref)
        self._calls[ref] = self._by_handle[handle] = call
        return call

    def adopt(self, each: Adopted) -> None:
        """A call in talk that libpri knows nothing of: its handle is 0."""
        ours = bool(each.cref & 0x8000)
        call = Call(each.ref, 0, each.channel, ours, CallState.ACTIVE, each.cref)
        self._calls[each.ref] = call

    def end(self, call: Call, cause: int) -> None:
        """The one place a ref ends."""
        del self._calls[call.ref]
        self._by_handle.pop(call.handle, None)
        self.tell(Released(self._span, call.ref, int(cause)))

    def get(self, ref: int) -> Call:
        """The call of a ref, or DriverError (81) when it has gone."""
        call = self._calls.get(ref)
        if call is None:
            raise DriverError(f"{self._span}: call {ref} has gone", Cause.INVALID_CALL_REFERENCE)
        return call

    def of_handle(self, handle: int) -> Call | None:
        return self._by_handle.get(handle)

    def of_reference(self, cref: int) -> Call | None:
        if not cref:
            return None
        return next((call for call in self._calls.values() if call.cref == cref), None)

    def calls(self) -> list[Call]:
        """The calls that live, oldest first."""
        return list(self._calls.values())

    def adopted(self) -> list[Call]:
        return [call for call in self._calls.values() if not call.handle]

    # ---- channels ------------------------------------------------------------------------

    def is_idle(self, channel: int) -> bool:
        return (
            channel in self._settings.channels
            and channel not in self.restarts
            and channel not in self._out
            and all(call.channel != channel for call in self._calls.values())
        )

    def pick(self) -> int | None:
        idle = [channel for channel in self._settings.channels if self.is_idle(channel)]
        return pick_channel(self._settings, idle)

    def queue_restart(self, channel: int, why: str) -> None:
        if self.restarts.add(channel):
            self.channel_state(channel, False, why)

    def cancel_restart(self, channel: int, why: str) -> None:
        """The far end has shown that it holds the channel idle."""
        if self.restarts.cancel(channel):
            self.channel_state(channel, True, why)

    def serve(self, channel: int, in_service: bool, by: str) -> None:
        """SERVICE went out or came in for a channel."""
        (self._out.discard if in_service else self._out.add)(channel)
        told = "brought back" if in_service else "taken out of service"
        self.channel_state(channel, in_service, f"{told} {by}")

    def switched_off(self, channel: int) -> bool:
        return channel in self._out

    # ---- events --------------------------------------------------------------------------

    def tell(self, event: LineEvent) -> None:
        self._events.append(event)

    def channel_state(self, channel: int, in_service: bool, reason: str) -> None:
        """Tell it; a channel is back only when nothing else keeps it from calls."""
        in_service = in_service and channel not in self._out and channel not in self.restarts
        self.tell(ChannelState(self._span, channel, in_service, reason))

    def fault(self, what: str, detail: str) -> None:
        self.tell(SignallingFault(self._span, what, detail))

    def take_events(self) -> list[LineEvent]:
        events, self._events = self._events, []
        return events

    @property
    def has_events(self) -> bool:
        return bool(self._events)
