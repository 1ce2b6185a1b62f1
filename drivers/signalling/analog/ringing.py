"""A telephone is rung, and shown who calls.

What: the bell in the call's cadence, and the country's caller ID before or in it. How: `Announcer`
walks the steps; whatever state a telephone leaves, what is being shown to it there ends. A board
that cannot ring a telephone is told of, and the call ends with cause 27.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from drivers.base import DriverError, SetupRequest
from drivers.cause import Cause
from drivers.events import Alerting, Connected, Number, Retrieved
from drivers.signalling.analog.announce import Announcer
from drivers.signalling.analog.callerid import Sender
from drivers.signalling.analog.ports import AnalogSignalling, Port

log = logging.getLogger(__name__)


class Bells(AnalogSignalling):
    """The bells of a row of telephones."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        how = self.settings.scheme
        self._sender = Sender(how, self.settings.names) if how is not None else None
        self._announcer = Announcer(self.span, self.audio) if self.audio is not None else None

    def stop(self) -> None:
        super().stop()
        if self._announcer is not None:
            self._announcer.close()

    def _move(self, port: Port, word: str) -> None:
        old = port.state
        if self._announcer is not None and self.table.rows[old][word][0] is not old:
            self._announcer.stop(port.channel)
        super()._move(port, word)

    # ---- actions

    def _ring(self, port: Port) -> None:
        request = self._request(port)
        self._tell(Alerting(self.span.name, port.ref))
        if self._announcer is not None and self._sender is not None and self.audio is not None:
            cadence = self.settings.facts.cadence(request.ring)
            steps = self._sender.call(request, cadence, self.audio.now())
            self._announcer.begin(port.channel, steps, partial(self._bell, port))
        else:
            self._bell(port)

    def _bell(self, port: Port) -> None:
        request = self._request(port)
        shown = not request.calling.withheld
        number, name = (request.calling.digits, request.name) if shown else ("", "")
        cadence = self.settings.facts.cadence(request.ring)
        try:
            self.span.set_ring(port.number, True, number, name, cadence)
        except DriverError as error:
            log.warning("%s: it cannot be rung: %s", port.channel.name, error)
            asyncio.get_running_loop().call_soon(self._unrung, port, port.ref)

    def _unrung(self, port: Port, ref: int) -> None:
        if port.ref == ref:
            self.release(ref, int(Cause.DESTINATION_OUT_OF_ORDER))

    def _stop_ringing(self, port: Port) -> None:
        self._silence(port)
        self._end(port)

    def _picked_up(self, port: Port) -> None:
        self._silence(port)
        self._in_talk(port)

    # ---- inside

    def _silence(self, port: Port) -> None:
        try:
            self.span.set_ring(port.number, False)
        except DriverError as error:
            log.warning("%s: its bell cannot be stopped: %s", port.channel.name, error)

    def _in_talk(self, port: Port) -> None:
        """Taken for the first time, or up again."""
        kind = Retrieved if port.held else Connected
        port.held = False
        self._tell(kind(self.span.name, port.ref))

    def _request(self, port: Port) -> SetupRequest:
        """Of the call that rings. Whom a telephone has called itself, it need not be shown."""
        return port.request or SetupRequest(port.number, Number(), ring="internal")

    def _polarity(self, port: Port, reversed_: bool) -> None:
        if port.reversed != reversed_:
            port.reversed = reversed_
            self.span.set_polarity(port.number, reversed_)
