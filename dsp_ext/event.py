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
    TONE_HEARD = 8  # a: what, see Engine.tone_names; b: media time it began; x: level_dbm0
    TONE_GONE = 9  # as above: it is over
    BUSY_LEARNED = 10  # before TONE_HEARD. a: its sound, see Engine.busy; b: on_ms; x: off_ms
    MF_START = 11  # a: MF-R2 signal, 1 to 15; x: level_dbm0; y: twist_db
    MF_END = 12  # a: signal; b: duration_ms; x, y as above
    SHED = 13  # a: level of SHED that is left out now; b: before; x: share of its time a tick took
    CALLER_ID = (
        14  # an FSK message ended, see octets. a: their count; b: 1 good; x: level; y: twist
    )
    VOICE_BEGAN = 15  # a: 0; b: media time it began; at: when that was sure; x: level_dbm0
    VOICE_ENDED = 16  # as above: the pause that ended it


ACK = EventKind.ACK
PLAY_DONE = EventKind.PLAY_DONE
TONE_DONE = EventKind.TONE_DONE
DIGIT_START = EventKind.DIGIT_START
DIGIT_END = EventKind.DIGIT_END
TAP_OVERRUN = EventKind.TAP_OVERRUN
MISSED = EventKind.MISSED
TONE_HEARD = EventKind.TONE_HEARD
TONE_GONE = EventKind.TONE_GONE
BUSY_LEARNED = EventKind.BUSY_LEARNED
MF_START = EventKind.MF_START
MF_END = EventKind.MF_END
SHED = EventKind.SHED
CALLER_ID = EventKind.CALLER_ID
VOICE_BEGAN = EventKind.VOICE_BEGAN
VOICE_ENDED = EventKind.VOICE_ENDED

#: What is left out at each level when ticks take too long, each with all before it.
SHED_LEVELS = (
    "nothing",
    "echo tails beyond 64 ms",
    "call progress",
    "echo suppression",
    "learning of echo paths",
    "echo cancelling",
)


class Event(NamedTuple):
    kind: int
    channel: int  # -1: the engine as a whole
    at: int  # samples since the first tick
    a: int
    b: int
    x: float
    y: float
    octets: bytes = b""  # of CALLER_ID: from type to checksum


class NoSlot(Exception):
    """All slots of a costly bank are taken; the message names the bank and how many it has."""


class RingFull(Exception):
    """The command ring has no room: the engine is not ticking, or its events are not drained."""
