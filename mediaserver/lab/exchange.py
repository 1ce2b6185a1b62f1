"""The far end: a public exchange, a PBX and telephones, on the virtual boards' other side.

What: brings up the far spans' signalling, places callers' calls, and answers
calls to scripted subscribers. It stands on the same lines, legs and kernels as
the server, with libpri on its own side of each D channel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drivers import events as line
from drivers.base import Board, Channel, SetupRequest, Signalling, SpanKind
from drivers.cause import Cause
from drivers.events import Number
from mediaserver.bus import Bus
from mediaserver.call import signalling
from mediaserver.call.leg import Leg, LegState
from mediaserver.call.lines import Lines, NoChannel
from mediaserver.call.trunks import TrunkGroup, TrunkSettings
from mediaserver.clock import Clock
from mediaserver.config.boards import Span as SpanConfig
from mediaserver.config.settings import Settings
from mediaserver.lab.register import LineRegister
from mediaserver.lab.scenario import Caller
from mediaserver.media.lineaudio import MediaLineAudio
from mediaserver.media.registers import MediaRegisters
from mediaserver.media.session import MediaSession

#: Hears of a call to a subscriber; returns whether there is one.
Ringer = Callable[[Leg, line.Setup], bool]


class Exchange:
    """`on_ring(leg, setup)` is asked for each call that comes to the far end."""

    def __init__(
        self, settings: Settings, boards: Sequence[Board], session: MediaSession, clock: Clock
    ) -> None:
        self.bus = Bus()
        self.lines = Lines(self.bus, clock, session)
        self.session = session
        self.on_ring: Ringer = lambda leg, setup: False
        self._groups: dict[str, TrunkGroup] = {}
        plan = settings.media.tone_plan
        self._register = LineRegister(plan, lambda leg, setup: self.on_ring(leg, setup))
        configs = {span.name: span for span in settings.spans()}
        audio = MediaLineAudio(session, plan, clock)
        doors = signalling.Doors(MediaRegisters(session), audio, session.law)
        ends = [(span, configs[span.name]) for board in boards for span in board.spans]
        for made in signalling.make_all_far(ends, doors):
            self._add(made, configs[made.span.name])
        self.lines.on_offer = self._offered

    def _add(self, made: Signalling, config: SpanConfig) -> None:
        self.lines.add(made)
        select = "descending" if signalling.far_side(config) == "network" else "ascending"
        name = made.span.name
        self._groups[name] = TrunkGroup(name, [name], TrunkSettings(select=select), self.lines)

    def call(self, caller: Caller, number: str) -> Leg:
        """Place a call into the server. Raises NoChannel (the exchange's own congestion)."""
        port = "/" in caller.line
        slot = self.lines.slot(caller.line) if port else self._groups[caller.line].pick()
        request = SetupRequest(
            slot.channel.number,
            Number(caller.to),
            Number(number, ton=2),
            caller.display,
            complete=not caller.overlap,
        )
        leg = self.lines.dial(slot, "caller", caller.to, request)
        leg.listeners.append(self._moved)
        return leg

    def _moved(self, leg: Leg, old: LegState, new: LegState) -> None:
        """Whoever is connected is in talk: a further call may wait for that line."""
        if new is LegState.CONNECTED:
            self.lines.show_talking(leg, True)

    def _offered(self, leg: Leg, setup: line.Setup) -> None:
        leg.listeners.append(self._moved)
        if leg.signalling.span.kind is SpanKind.FXS:
            self._register.take(leg, setup)
            return
        leg.proceeding()
        if not self.on_ring(leg, setup):
            leg.clear(Cause.UNALLOCATED)

    def busy_channels(self) -> list[Channel]:
        """Channels with a call on them now."""
        return [leg.channel for leg in self.lines.legs()]


__all__ = ["Exchange", "NoChannel"]
