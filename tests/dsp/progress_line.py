"""A line on which the call-progress detector listens, for its tests."""

from __future__ import annotations

import numpy as np

from dsp_ext import progress
from tests.dsp.signals import Samples, noise, over_the_line, silence, sine


def heard(samples: Samples, plan: str = "cn", **how: bool) -> list[progress.ProgressEvent]:
    """Events of a line on which `samples` come 300 ms after its beginning, with faint noise."""
    line = np.concatenate([silence(300), samples, silence(100)])
    line = over_the_line(line + noise(-50, len(line), seed=5))
    return progress.ProgressDetector(1, plan, **how).edges(line[:, None].copy())


def names(samples: Samples, plan: str = "cn", **how: bool) -> list[str]:
    """The tones that began on it."""
    return [event.tone for event in heard(samples, plan, **how) if not event.ended]


def bursts(hz: tuple[float, ...], on_ms: float, off_ms: float, times: int) -> Samples:
    """A cadence of one or more frequencies, each at -13 dBm0."""
    burst = np.sum([sine(each, -13, on_ms) for each in hz], axis=0, dtype=np.float32)
    return np.concatenate([burst, silence(off_ms)] * times)
