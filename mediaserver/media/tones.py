"""Tones and voice as the control plane hears them on a line.

What: what a channel's call-progress detector tells, in plain words: the tones of the plan (dial,
ringback, busy, congestion …), "sit", "cng", "ced", "modem", "voice", "learned_busy". A voice
detector of its own, which needs no plan, tells who speaks and since when nobody does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dsp_ext.progress_plan import BusyTone


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


@dataclass(frozen=True, slots=True)
class VoiceEvent:
    """Somebody speaks on a line, or (not `speaking`) has paused for a quarter of a second.

    `since_ms` is media time at which the speech or the pause began, `at_ms` at which that was sure.
    """

    speaking: bool
    since_ms: int
    at_ms: int
    level_dbm0: float


OnBusy = Callable[[BusyTone], None]
OnTone = Callable[[ToneEvent], None]
OnVoice = Callable[[VoiceEvent], None]
