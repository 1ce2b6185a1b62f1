"""The far end of a D channel as raw frames: for messages no libpri would ever send.

What: keeps the data link going (Q.921 as far as a perfect line needs it),
brings a call of the link under test into any state, and clears what it hears of.
"""

from __future__ import annotations

from drivers.base import SetupRequest
from drivers.events import LineEvent, Number, Setup
from drivers.signalling.pri.link import PriLink
from drivers.signalling.pri.settings import PriSettings

BEARER, CHANNEL, CALLED = "04038090a3", "1803a18381", "7006813130303836"
_SETUP, _RELEASE_COMPLETE = 0x05, 0x5A


class Peer:
    """Drives one `PriLink`. `now` is its clock; `events` what the link told since the last take.

    "ni2 nfas" as switch type is a group of two interfaces whose backup D channel stays silent.
    """

    def __init__(self, side: str, switch: str) -> None:
        switch, _, group = switch.partition(" ")
        self._lead = b"\0" if group else b""  # the place of the D channel, before each frame
        more = {"interfaces": (0, 1), "channels": (1, 2, 5, 257, 258, 261)} if group else {}
        settings = PriSettings(side=side, switch=switch, overlap=True, exclusive=False, **more)
        self.link = PriLink(settings, span="E1")
        self._ours = 0x00 if side == "network" else 0x02  # C/R of our commands
        self.now = 0.0
        self.events: list[LineEvent] = []
        self._sent = self._heard = 0
        self._crefs = 0
        self.setups: list[int] = []  # call references of SETUPs the link sent
        self.revive()

    def revive(self) -> None:
        """Set the data link up, if it is not."""
        for _ in range(8):
            self.pump()
            if self.link.up:
                return
            self._frame(bytes([self._ours, 1, 0x7F]))
            self._sent = self._heard = 0
            self.wait(1.5)
        raise AssertionError("the data link does not come up")

    # ---- the data link

    def _frame(self, frame: bytes) -> None:
        self.events += self.link.feed(self._lead + frame, self.now)

    def say(self, information: bytes) -> None:
        """One I frame with these octets in it."""
        head = bytes([self._ours, 1, self._sent << 1, self._heard << 1])
        self._sent = (self._sent + 1) & 0x7F
        self._frame(head + information)

    def pump(self) -> None:
        """Hear what the link sends; answer what the data link and clearing ask for."""
        for _ in range(50):
            frames = self.link.take_frames()
            self.link.take_log()
            if not frames:
                return
            for frame in frames:
                if frame.startswith(self._lead):
                    self._hear(frame[len(self._lead) :])
        raise AssertionError("the link never stops talking")

    def _hear(self, frame: bytes) -> None:
        control = frame[2]
        theirs = frame[0]
        if not control & 1:
            self._heard = ((control >> 1) + 1) & 0x7F
            self._message(frame[4:])
            if frame[3] & 1:
                self._frame(bytes([theirs, 1, 1, self._heard << 1 | 1]))
        elif control & 0xEF == 0x43:  # DISC
            self._frame(bytes([theirs, 1, 0x73]))
        elif control & 0xEF == 0x6F:  # SABME
            self._sent = self._heard = 0
            self._frame(bytes([theirs, 1, 0x73]))
        elif control & 3 == 1 and frame[3] & 1 and theirs != self._ours:
            self._frame(bytes([theirs, 1, 1, self._heard << 1 | 1]))

    def _message(self, data: bytes) -> None:
        if len(data) < 5 or data[0] != 8 or data[1] != 2:
            return
        cref = int.from_bytes(data[2:4], "big")
        back = (cref ^ 0x8000).to_bytes(2, "big")
        kind = data[4]
        if kind == _SETUP:
            self.setups.append(cref ^ 0x8000)
        elif kind == 0x45 and cref & 0x7FFF:
            self.say(b"\x08\x02" + back + bytes.fromhex("4d08028090"))
        elif kind == 0x4D:
            self.say(b"\x08\x02" + back + bytes([_RELEASE_COMPLETE]))
        elif kind == 0x46:
            self.say(b"\x08\x02" + back + b"\x4e" + data[5:])

    def wait(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.now + seconds
        for _ in range(2000):
            left = self.link.next_timeout(self.now)
            if left is None or self.now + left > end:
                break
            self.now += left
            self.events += self.link.poll(self.now)
            self.pump()
        self.now = end

    # ---- calls

    def call(self, state: str) -> int:
        """Bring a new call into a state; gives the reference for messages about it."""
        if state == "null":
            return self._next()
        if state in _FROM_US:
            return self._incoming(_FROM_US[state])
        return self._outgoing(_FROM_LINK[state])

    def _next(self) -> int:
        self._crefs = self._crefs % 0x7FF0 + 1
        return self._crefs

    def _incoming(self, steps: tuple[str, ...]) -> int:
        cref = self._next()
        self.events.clear()
        self.message(cref, "05", BEARER + CHANNEL + CALLED)
        offered = [event.ref for event in self.events if isinstance(event, Setup)]
        for step in steps:
            if offered:
                getattr(self.link, step)(
                    offered[0], *((16,) if step == "release" else ()), self.now
                )
        if "release" not in steps:
            self.pump()
        else:
            self.link.take_frames()  # the answer to clearing is what is to be tried
        return cref

    def _outgoing(self, replies: tuple[str, ...]) -> int:
        self.setups.clear()
        self.link.setup(SetupRequest(0, Number("10086"), complete=False), self.now)
        self.pump()
        cref = self.setups[-1] if self.setups else 0x8000 | self._next()
        placed = self.link.calls()
        for reply in replies:
            channel = _identification(placed[-1].channel).hex() if placed else ""
            self.message(cref, reply, channel)
            self.pump()
        return cref

    def message(self, cref: int, kind: str, elements: str = "") -> None:
        """One whole message."""
        self.say(b"\x08\x02" + cref.to_bytes(2, "big") + bytes.fromhex(kind + elements))

    def serve(self) -> None:
        """Bring channels back that spoilt messages took out of service."""
        for channel in self.link.settings.channels:
            if self.link.switched_off(channel):
                protocol = 0x43 if self.link.settings.switch == "ni2" else 0x03
                kind = 0x07 if protocol == 0x43 else 0x0F
                told = bytes([protocol, 2, 0, 0, kind]) + _identification(channel)
                self.say(told + b"\x01\x01\xc0")
        self.pump()

    def clear(self) -> None:
        """End every call the link knows, as a well-behaved far end would."""
        for call in self.link.calls():
            self.link.release(call.ref, 16, self.now)
        self.pump()
        self.events += self.link.take_events()


def _identification(channel: int) -> bytes:
    """The element for a channel of the D channel's own interface, or of another of its group."""
    interface, number = channel >> 8, 0x80 | channel & 0xFF
    if interface:
        return bytes([0x18, 4, 0xE9, 0x80 | interface, 0x83, number])
    return bytes([0x18, 3, 0xA9, 0x83, number])


#: State → what the link is asked to do with a call of ours.
_FROM_US = {
    "offered": (),
    "overlap": ("acknowledge",),
    "accepted": ("proceeding",),
    "ringing": ("proceeding", "alerting"),
    "answered": ("proceeding", "answer"),
    "clearing": ("proceeding", "release"),
}
#: State → what we answer to a call of the link.
_FROM_LINK = {
    "dialling": (),
    "sending": ("0d",),
    "proceeding": ("02",),
    "delivered": ("02", "01"),
    "active": ("02", "07"),
}
STATES = ("null", *_FROM_US, *_FROM_LINK)
