"""A telephone's second call: call waiting, hold, and ringing back.

What: a telephone in talk hears that another call waits, and is shown who it is. A flash takes it
and puts the first on hold, the next one swaps them. Put down with another call left, it rings for
that one; off hook when the other party goes, it hears busy tone, and a flash takes up the other.
How: `Port.second` is the call beside the one in talk; fxs.py has the table.
Limits: two calls a telephone, and no conference of the three.
Source: GR-571 (call waiting), GR-575 and EN 300 659-2 (its caller ID); times in countries.toml.
"""

from __future__ import annotations

from functools import partial

from drivers.base import SetupRequest
from drivers.cause import Cause
from drivers.events import Alerting, Connected, Held, Released, Retrieved
from drivers.signalling.analog.callerid import waiting_alone
from drivers.signalling.analog.ports import Port, PortState, Second
from drivers.signalling.analog.ringing import Bells
from dsp_ext import tone_plan


class TwoCalls(Bells):
    """Telephones that may have a second call."""

    def takes_second(self, channel: int) -> bool:
        """Whether a call may wait at this telephone now."""
        return self.settings.waits_at(channel) and self._ports[channel].state is PortState.TALKING

    def release(self, ref: int, cause: int) -> None:
        port = self._port(ref)
        if port.second is not None and port.second.ref == ref:
            port.second.cause = cause
            self._move(port, "release_second")
        else:
            super().release(ref, cause)

    def restart(self, channel: int) -> None:
        port = self._ports.get(channel)
        if port is not None and port.second is not None:
            self.release(port.second.ref, int(Cause.TEMPORARY_FAILURE))
        super().restart(channel)

    def _beside(self, port: Port, request: SetupRequest) -> int:
        if not self.takes_second(port.number):
            return super()._beside(port, request)
        ref = self._take_ref(port)
        port.second = Second(ref, request)
        self._move(port, "second")
        return ref

    # ---- actions

    def _let_wait(self, port: Port) -> None:
        second = port.second
        assert second is not None and second.request is not None
        self._tell(Alerting(self.span.name, second.ref))
        if self.audio is None or self._announcer is None:
            return
        pause_ms = tone_plan.plan(self.audio.plan).burst("call_waiting")[1]
        if self._sender is None:
            steps = waiting_alone(pause_ms)
        else:
            steps = self._sender.waiting(second.request, self.audio.now(), pause_ms)
        self._announcer.begin(port.channel, steps, partial(self._tone, port, "call_waiting"))

    def _take_waiting(self, port: Port) -> None:
        self._change(port)
        self._tell(Connected(self.span.name, port.ref))

    def _swap(self, port: Port) -> None:
        self._change(port)
        self._tell(Retrieved(self.span.name, port.ref))

    def _second_over(self, port: Port) -> None:
        second, port.second = port.second, None
        assert second is not None
        self._quiet(port)
        del self._refs[second.ref]
        self._tell(Released(self.span.name, second.ref, second.cause))

    def _one_over(self, port: Port) -> None:
        """The other party has gone; the telephone is off hook, and has another call."""
        self._drop(port)
        self._tone(port, "busy")
        self._after(port, self.settings.facts.howler_after / 1000)

    def _taken_up(self, port: Port) -> None:
        self._quiet(port)
        self._in_talk(port)

    def _ring_second(self, port: Port) -> None:
        """Put down in talk: that call is over, and the telephone rings for the other."""
        self._polarity(port, False)
        self._drop(port)
        self._ring_again(port)

    def _ring_again(self, port: Port) -> None:
        self._quiet(port)
        self._ring(port)
        if port.held:
            self._after(port, self.settings.facts.recall / 1000)

    def _not_taken(self, port: Port) -> None:
        port.cause = int(Cause.NO_ANSWER)
        self._stop_ringing(port)

    # ---- inside

    def _change(self, port: Port) -> None:
        """The call in talk is held from now on, and the other one in talk."""
        second = port.second
        assert second is not None
        self._quiet(port)
        self._tell(Held(self.span.name, port.ref))
        port.second = Second(port.ref, port.request, held=True)
        port.ref, port.request, port.cause = second.ref, second.request, int(Cause.NORMAL)

    def _drop(self, port: Port) -> None:
        """The call in talk is over, the other one is the port's."""
        second, port.second = port.second, None
        assert second is not None
        self._end(port)
        port.ref, port.request, port.held = second.ref, second.request, second.held
        port.cause = int(Cause.NORMAL)

    def _tone(self, port: Port, name: str) -> None:
        if self.audio is not None:
            self.audio.tone(port.channel, name)

    def _quiet(self, port: Port) -> None:
        if self.audio is not None:
            self.audio.quiet(port.channel)
