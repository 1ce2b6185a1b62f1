"""What the engine tells the control plane, as Python sees it.

`at` is media time: samples since the engine's first tick. The numbers are part
of the engine's contract and equal those in messages.pxd (a test compares them).
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class EventKind(IntEnum):
    ACK = 1  # a: sequence number of the command that took effect
    PLAY_DONE = 2  # a: token; b: 1 when stopped or replaced, 0 when it ended of itself
    TONE_DONE = 3  # a: token; a program that does not repeat came to its end
    DIGIT_START = 4  # a: ord(digit); x: level_dbm0; y: twist_db
    DIGIT_END = 5  # a: ord(digit); b: duration_ms; x, y as above
    TAP_OVERRUN = 6  # a: octets lost as the ring became full (Ring.dropped counts on)
    MISSED = 7  # a: ticks that began more than a block late since the last such event


ACK = EventKind.ACK
PLAY_DONE = EventKind.PLAY_DONE
TONE_DONE = EventKind.TONE_DONE
DIGIT_START = EventKind.DIGIT_START
DIGIT_END = EventKind.DIGIT_END
TAP_OVERRUN = EventKind.TAP_OVERRUN
MISSED = EventKind.MISSED


class Event(NamedTuple):
    kind: int
    channel: int  # -1: the engine as a whole
    at: int  # samples since the first tick
    a: int
    b: int
    x: float
    y: float


class RingFull(Exception):
    """The command ring has no room: the engine is not ticking, or its events are not drained."""
