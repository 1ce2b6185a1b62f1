"""What an E&M circuit does where its table says so: hook, wink, digits, and what is told of it."""

from __future__ import annotations

import asyncio

from drivers.base import CasSpan, LineAudio
from drivers.cause import Cause
from drivers.events import (
    Connected,
    Disconnected,
    LineEvent,
    Number,
    Proceeding,
    Released,
    Setup,
)
from drivers.said import Said
from drivers.signalling.cas_words import hook, say
from drivers.signalling.em.settings import EmSettings
from drivers.signalling.em.trunk import Circuit, Trunk


class Actions:
    """Of `EmSignalling`, which has the circuits, the clock and the sink."""

    span: CasSpan
    audio: LineAudio
    settings: EmSettings
    _refs: dict[int, Circuit]

    # ---- a call of ours

    def _seize(self, circuit: Circuit) -> None:
        self._hook(circuit, True)
        self._await_wink(circuit)

    def _await_wink(self, circuit: Circuit) -> None:
        self._after(circuit, self.settings.wink_wait_ms)

    def _seize_now(self, circuit: Circuit) -> None:
        self._hook(circuit, True)
        self._start_again(circuit)

    def _start_again(self, circuit: Circuit) -> None:
        self._after(circuit, self.settings.start_delay_ms)

    def _wink_began(self, circuit: Circuit) -> None:
        circuit.off_since = self._now()
        self._after(circuit, self.settings.glare_ms)

    def _measure(self, circuit: Circuit) -> None:
        """A wink, or something else that was too short or too long for one."""
        ms = (self._now() - circuit.off_since) * 1000
        least, most = self.settings.wink_least_ms, self.settings.wink_most_ms
        steady = self.settings.steady_ms  # both edges are told late by as much
        self._move(circuit, "good" if least - steady <= ms <= most + steady else "bad")

    def _wink_ended(self, circuit: Circuit) -> None:
        self._after(circuit, self.settings.after_wink_ms)

    def _early(self, circuit: Circuit) -> None:
        """Off hook before the number: after a wink it means nothing, else both have seized."""
        if self.settings.start == "immediate":
            self._meet(circuit)

    def _meet(self, circuit: Circuit) -> None:
        """Both ends have seized the circuit (glare)."""
        self._note(circuit, "", say("cas.glare"))
        self._move(circuit, "glare" if self.settings.yields else "hold")

    def _give_way(self, circuit: Circuit) -> None:
        """Ours goes elsewhere; theirs is taken as a call."""
        circuit.cause = int(Cause.CHANNEL_UNAVAILABLE)
        self._hook(circuit, False)
        self._end(circuit)
        self._asked(circuit)

    def _hold(self, circuit: Circuit) -> None:
        self._after(circuit, self.settings.wink_wait_ms)

    def _resume(self, circuit: Circuit) -> None:
        """The far end has given way."""
        self._move(circuit, self.start_word)

    @property
    def start_word(self) -> str:
        """The table's word for a call of ours."""
        return "setup" if self.settings.start == "wink" else "now"

    def _dial(self, circuit: Circuit) -> None:
        assert circuit.request is not None
        digits, ref = circuit.request.called.digits, circuit.ref
        self._note(circuit, "out", say("cas.number", digits=digits))

        def done(whole: bool) -> None:
            if circuit.ref == ref:
                self._move(circuit, "sent" if whole else "failed")

        self.audio.dial(circuit.channel, digits, *self.settings.key_ms, done)

    def _dialled(self, circuit: Circuit) -> None:
        self._tell(Proceeding(self.span.name, circuit.ref, inband=True))
        if circuit.off:  # the far end knew the number before its last key
            self._move(circuit, "off")

    def _answered(self, circuit: Circuit) -> None:
        self._tell(Connected(self.span.name, circuit.ref))

    def _no_wink(self, circuit: Circuit) -> None:
        self._disconnected(circuit, Cause.NETWORK_OUT_OF_ORDER)

    def _not_sent(self, circuit: Circuit) -> None:
        self._disconnected(circuit, Cause.NETWORK_OUT_OF_ORDER)

    # ---- a call of theirs

    def _asked(self, circuit: Circuit) -> None:
        circuit.number = ""
        if self.settings.start == "wink":
            self._after(circuit, self.settings.wink_delay_ms)
        else:
            self._move(circuit, "collect")

    def _wink(self, circuit: Circuit) -> None:
        """It listens from the wink's beginning, as the far end may be quick after its end."""
        self._hear(circuit)
        self._hook(circuit, True)
        self._after(circuit, self.settings.wink_ms)

    def _wink_sent(self, circuit: Circuit) -> None:
        self._hook(circuit, False)
        self._after(circuit, self.settings.first_digit_ms)

    def _listen(self, circuit: Circuit) -> None:
        self._hear(circuit)
        self._after(circuit, self.settings.first_digit_ms)

    def _hear(self, circuit: Circuit) -> None:
        self.audio.hear_keys(circuit.channel, lambda key: self._key(circuit, key))

    def _key(self, circuit: Circuit, key: str) -> None:
        circuit.number += key
        self._move(circuit, "digit")

    def _digit(self, circuit: Circuit) -> None:
        whole = self.settings.digits and len(circuit.number) >= self.settings.digits
        if whole or len(circuit.number) >= _LONGEST:
            self._move(circuit, "complete")
        else:
            self._after(circuit, self.settings.pause_ms)

    def _offer(self, circuit: Circuit) -> None:
        """Also without a number: the routes decide what becomes of such a call."""
        self.audio.deaf_keys(circuit.channel)
        told = (
            say("cas.number", digits=circuit.number) if circuit.number else say("cas.number.none")
        )
        self._note(circuit, "in", told)
        ref = self._new_ref(circuit)
        called = Number(circuit.number)
        self._tell(Setup(self.span.name, ref, circuit.channel.number, called))

    def _lift(self, circuit: Circuit) -> None:
        self._hook(circuit, True)

    def _given_up(self, circuit: Circuit) -> None:
        self._end(circuit)
        self._rest(circuit)

    def _abandoned(self, circuit: Circuit) -> None:
        """Gone before it was a call."""
        self.audio.deaf_keys(circuit.channel)
        self._hook(circuit, False)
        self._rest(circuit)

    def _refuse(self, circuit: Circuit) -> None:
        """We are on hook already: only a tone can tell the caller."""
        self._end(circuit)
        self.audio.tone(circuit.channel, "busy")
        self._after(circuit, self.settings.stuck_ms)

    # ---- the end of either

    def _far_end(self, circuit: Circuit) -> None:
        self._disconnected(circuit, Cause.NORMAL)

    def _disconnected(self, circuit: Circuit, cause: int) -> None:
        self._tell(Disconnected(self.span.name, circuit.ref, int(cause)))

    def _put_down(self, circuit: Circuit) -> None:
        self._hook(circuit, False)
        self._end(circuit)
        if circuit.off:
            self._after(circuit, self.settings.stuck_ms)
        else:
            self._move(circuit, "on")

    def _end(self, circuit: Circuit) -> None:
        """The call is over. The one place a ref ends."""
        if circuit.ref:
            del self._refs[circuit.ref]
            self._tell(Released(self.span.name, circuit.ref, circuit.cause))
        circuit.ref, circuit.request = 0, None

    def _rest(self, circuit: Circuit) -> None:
        self.audio.quiet(circuit.channel)
        self._after(circuit, self.settings.guard_ms)

    def _ready(self, circuit: Circuit) -> None:
        if circuit.off:
            self._move(circuit, "off")

    def _block(self, circuit: Circuit) -> None:
        """The far end does not hang up."""
        self.audio.quiet(circuit.channel)
        self._service(circuit, False, "the far end is off hook without a call")

    def _unblock(self, circuit: Circuit) -> None:
        circuit.off = False
        self._service(circuit, True, "the far end is on hook")

    def _abort(self, circuit: Circuit) -> None:
        """Whatever it is doing: nothing is known of the far end any more."""
        self._still(circuit)
        self.audio.deaf_keys(circuit.channel)
        self._hook(circuit, False)
        self._end(circuit)
        circuit.state, circuit.off = Trunk.BLOCKED, True

    # ---- inside

    def _hook(self, circuit: Circuit, off: bool) -> None:
        bits = self.settings.off_hook if off else self.settings.on_hook
        self._note(circuit, "out", hook(off))
        self.span.send_bits(circuit.channel.number, bits)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _move(self, circuit: Circuit, word: str) -> None:
        raise NotImplementedError

    def _after(self, circuit: Circuit, ms: float) -> None:
        raise NotImplementedError

    def _still(self, circuit: Circuit) -> None:
        raise NotImplementedError

    def _new_ref(self, circuit: Circuit) -> int:
        raise NotImplementedError

    def _tell(self, event: LineEvent) -> None:
        raise NotImplementedError

    def _service(self, circuit: Circuit, on: bool, why: str) -> None:
        raise NotImplementedError

    def _note(self, circuit: Circuit, direction: str, said: Said) -> None:
        raise NotImplementedError


#: A number is taken as complete at this length, so that nobody can dial for ever.
_LONGEST = 32
