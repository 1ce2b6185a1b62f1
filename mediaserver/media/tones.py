"""Tones and voice as the control plane hears them on a line.

What: what a channel's call-progress detector tells, in plain words: the tones of the plan (dial,
ringback, busy, congestion …), "sit", "cng", "ced", "modem", "voice", "learned_busy".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ToneEvent:
    """A tone that became sure, or (`ended`) is over.

    `alike` are other tones of the plan that sound the same. `since_ms` is media time at which it
    began, `at_ms` at which that was sure.
    """

    tone: str
    alike: tuple[str, ...]
    since_ms: int
    at_ms: int
    level_dbm0: float
    ended: bool = False


OnTone = Callable[[ToneEvent], None]
