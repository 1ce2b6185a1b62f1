"""Conference rooms: who is in which, who hears whom, and what is heard of coming and going.

What: a room is a bridge of its own with a seat for each caller. It is there from the first who
enters to the last who leaves. Who has nobody to hear is played music: a person alone, and
listeners while nobody is there who may speak.
How: each change of a room goes through its seats once more, so that music, gains and holding
follow from who is there. A short rising tone tells all that somebody came, a falling one that
somebody went.
Limits: as many people as the engine has channels; control thread only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dsp_ext.tone import Program
from mediaserver.call.holdmusic import HoldMusic
from mediaserver.call.leg import Leg
from mediaserver.media.session import Bridge, MediaPort, MediaSession

#: Well below speech, so that it does not cover what is being said.
LEVEL_DBM0 = -20.0
CAME = Program.from_segments(
    [((480,), 100, 20, LEVEL_DBM0), ((620,), 100, 0, LEVEL_DBM0)], name="came"
)
WENT = Program.from_segments(
    [((620,), 100, 20, LEVEL_DBM0), ((480,), 100, 0, LEVEL_DBM0)], name="went"
)

#: Plays music on hold to one caller until it is cancelled.
Music = Callable[[], Awaitable[None]]


class Seat:
    """One caller's place in a room, from `Rooms.enter` until `leave`."""

    def __init__(self, room: Room, port: MediaPort, gain: float, quiet: bool, music: Music) -> None:
        self.port = port
        self.gain = gain
        self.quiet = quiet
        self.held = False
        self._room = room
        self.music = HoldMusic(music)

    @property
    def people(self) -> int:
        """How many are in the room."""
        return len(self._room.seats)

    def changed(self, leg: Leg) -> None:
        """The caller's telephone goes over to another call, or is back from there."""
        self.held = leg.held
        self._room.settle()

    def leave(self) -> None:
        """Give the place back; the last one closes the room."""
        self.music.wanted(False)
        self._room.leave(self)


class Room:
    """`seats` in the order they were taken; `on_empty` is called when the last one is left."""

    def __init__(self, bridge: Bridge, on_empty: Callable[[], None]) -> None:
        self.seats: list[Seat] = []
        self._bridge = bridge
        self._on_empty = on_empty

    def enter(self, seat: Seat) -> None:
        self.seats.append(seat)
        self.settle()
        if len(self.seats) > 1:
            self._sound(seat, CAME)

    def leave(self, seat: Seat) -> None:
        self.seats.remove(seat)
        self._bridge.leave(seat.port)
        if self.seats:
            self.settle()
            self._sound(seat, WENT)
        else:
            self._bridge.close()
            self._on_empty()

    def settle(self) -> None:
        """Who is there hears who else is there; who has nobody to hear hears music.

        Who holds is out of the bridge, as the channel may be in another call's meanwhile.
        """
        for seat in self.seats:
            if seat.held:
                self._bridge.leave(seat.port)
            elif seat.port not in self._bridge.members:
                self._bridge.join(seat.port, talk=seat.gain)
            seat.music.wanted(not seat.held and not self._hears_somebody(seat))

    def _hears_somebody(self, seat: Seat) -> bool:
        others = [each for each in self.seats if each is not seat and not each.held]
        return any(each.gain or seat.gain for each in others)

    def _sound(self, of: Seat, tone: Program) -> None:
        for seat in self.seats:
            if not of.quiet and not seat.held:
                seat.port.tone(tone)


class Rooms:
    """The rooms there are, by name."""

    def __init__(self) -> None:
        self._rooms: dict[str, Room] = {}

    def people(self, name: str) -> int:
        """How many are in the room; 0 when there is none of that name."""
        room = self._rooms.get(name)
        return len(room.seats) if room else 0

    def enter(
        self,
        name: str,
        media: MediaSession,
        port: MediaPort,
        music: Music,
        *,
        gain: float = 1.0,
        quiet: bool = False,
        loudest: int = 0,
    ) -> Seat:
        """A place in the room, which is opened if it is not there.

        gain : linear, on what the others hear of this one; 0 listens only
        quiet : nothing tells the others of this one's coming and going
        loudest : how many are heard at a time, 0 for all; whoever opens the room decides it
        Raises MediaError when there is no bridge for another room.
        """
        room = self._rooms.get(name)
        if room is None:
            bridge = media.bridge()
            if loudest:
                bridge.loudest(loudest)
            room = self._rooms[name] = Room(bridge, lambda: self._close(name))
        seat = Seat(room, port, gain, quiet, music)
        room.enter(seat)
        return seat

    def _close(self, name: str) -> None:
        del self._rooms[name]
