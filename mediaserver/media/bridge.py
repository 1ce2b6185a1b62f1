"""Bridges: who hears whom in the mixer.

What: a bridge is an id in the engine and a set of ports. Each member hears all
others (N−1); `talk` and `listen` are linear gains, 0 is muted or deaf, so
`talk=0` listens in silence. Limits: as many bridges as channels; a port is in
one bridge at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mediaserver.media.commands import Commands
from mediaserver.media.errors import MediaError
from mediaserver.media.port import MediaPort


class Bridge:
    """Made by `MediaSession.bridge()`; `close()` gives the id back."""

    def __init__(self, commands: Commands, number: int, give_back: Callable[[int], None]) -> None:
        self.number = number
        self.closed = False
        self._commands = commands
        self._give_back = give_back
        self._members: dict[int, MediaPort] = {}
        self._gains: dict[int, tuple[float, float]] = {}
        self._choosy = False

    @property
    def members(self) -> tuple[MediaPort, ...]:
        """In the order they joined."""
        return tuple(self._members.values())

    def join(self, port: MediaPort, *, talk: float = 1.0, listen: float = 1.0) -> None:
        """Put `port` in, or change its gains; takes it out of another bridge first.

        Raises MediaError on a closed bridge.
        """
        if self.closed:
            raise MediaError(f"bridge {self.number} is closed")
        if port.bridge is not None and port.bridge is not self:
            port.bridge.leave(port)
        self._members[port.channel] = port
        self._gains[port.channel] = (talk, listen)
        port.bridge = self
        self.renew(port)

    def renew(self, port: MediaPort) -> None:
        """Have a member's gains hold, or none of them while it is apart."""
        talk, listen = (0.0, 0.0) if port.is_apart else self._gains[port.channel]
        join = self._commands.engine.join
        self._commands.send(partial(join, port.channel, self.number, talk=talk, listen=listen))

    def loudest(self, count: int) -> None:
        """Let only the `count` loudest members be heard, up to 16; 0: all of them.

        Raises MediaError for another count, or on a closed bridge.
        """
        if self.closed:
            raise MediaError(f"bridge {self.number} is closed")
        self._choosy = count > 0
        self._commands.send(partial(self._commands.engine.loudest, self.number, count))

    def leave(self, port: MediaPort) -> None:
        """Take `port` out; harmless if it is not in."""
        if self._members.pop(port.channel, None) is None:
            return
        del self._gains[port.channel]
        port.bridge = None
        self._commands.send(partial(self._commands.engine.leave, port.channel))

    def forget(self, port: MediaPort) -> None:
        """The engine has taken the port out already (reset)."""
        self._members.pop(port.channel, None)
        self._gains.pop(port.channel, None)
        port.bridge = None

    def close(self) -> None:
        """All leave; the id may serve another bridge."""
        if self.closed:
            return
        for port in self.members:
            self.leave(port)
        if self._choosy:
            self.loudest(0)
        self.closed = True
        self._give_back(self.number)
