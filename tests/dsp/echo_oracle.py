"""The echo canceller's filter as formulas in NumPy, float64: what dsp_ext/echo.h must agree with.

Numbers are those of echo.h; the non-linear processor is left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
BLOCK = 80
FLOOR = 8000.0


def smear(energy: Array) -> Array:
    """Over bins, as a frame half of which is silent smears it; (81, channels)."""
    out = 0.6 * energy + 0.05 * energy.mean(0)
    out[1:-1] += 0.2 * (energy[:-2] + energy[2:])
    out[0] += 0.4 * energy[1]
    out[-1] += 0.4 * energy[-2]
    return out


class Oracle:
    """Filters of `channels` lines with `parts` parts of 80 taps."""

    def __init__(self, channels: int, parts: int = 13) -> None:
        prior = np.exp(-0.4 * np.arange(parts))
        self.prior = (prior / prior.sum())[:, None, None]
        self.sent = np.zeros((parts, 81, channels), complex)
        self.path = np.zeros((parts, 81, channels), complex)
        self.doubt = np.ones((parts, 81, channels)) * self.prior * 0.3
        self.noise = np.full((81, channels), FLOOR)
        self.power = np.zeros((parts, channels))
        self.old = np.zeros((BLOCK, channels))
        self.age = np.zeros(channels)
        self.hold = np.zeros(channels)
        self.slow = np.ones((4, channels))  # e y, e e, y y, d d
        self.slow[0] = 0.0
        self.swift = np.zeros((2, channels))  # e e, d d
        self.choice = np.zeros(channels)
        self.turn = 0
        self.least = np.full(channels, 3e-3)
        self.changes = 0

    def process(self, tx: Array, rx: Array) -> Array:
        """One block, (80, channels)."""
        self.sent = np.roll(self.sent, 1, 0)
        self.sent[0] = np.fft.rfft(np.concatenate([self.old, tx]), axis=0)
        self.old = tx.astype(float)
        self.power = np.roll(self.power, 1, 0)
        self.power[0] = (self.old**2).mean(0)
        active = self.power.sum(0) > len(self.power) * 100.0
        model = np.fft.irfft((self.sent * self.path).sum(0), axis=0)[BLOCK:]
        error = rx - model
        learned = self._watch(error, model, rx, active)
        self._adapt(learned, active)
        return self._choose(error, rx)

    def _expected(self) -> Array:
        return smear(0.5 * (np.abs(self.sent) ** 2 * self.doubt).sum(0))

    def _watch(self, e: Array, y: Array, d: Array, active: Array) -> Array:
        """Powers; a changed path is doubted.  Gives the error to learn from."""
        now = np.array([(e * y).sum(0), (e * e).sum(0), (y * y).sum(0), (d * d).sum(0)])
        self.slow = 0.9 * self.slow + 0.1 * now
        cross, error, model, heard = self.slow
        sure = self._expected().sum(0) < 0.03 * BLOCK * error
        least = np.where(sure, 0.25, 0.1)
        tied = (cross**2 > least * error * model) & (cross**2 > 0.0625 * model**2)
        tied &= model > BLOCK * 10
        loud = error > BLOCK * 400
        worse, far = loud & (error > 1.5 * heard), loud & (error > 4 * heard)
        changed = active & (((tied | worse) & (self.hold <= 0)) | far)
        self.hold = np.where(changed, 20, np.maximum(self.hold - 1, 0))
        total = np.clip((np.abs(self.path) ** 2).mean(1).sum(0), 0.01, 0.3)
        self.doubt = np.where(changed, np.maximum(self.doubt, self.prior * total), self.doubt)
        fresh = changed & (error > heard)
        self.path = np.where(fresh, 0, self.path)
        self.noise = np.where(changed, FLOOR, self.noise)
        self.age = np.where(changed, 0, self.age)
        self.changes += int(changed.sum())
        return np.where(fresh, d, e)

    def _adapt(self, e: Array, active: Array) -> None:
        channels = e.shape[1]
        spectrum = np.fft.rfft(np.concatenate([np.zeros((BLOCK, channels)), e]), axis=0)
        raw = np.abs(spectrum) ** 2
        energy = raw.copy()
        energy[1:-1] = (raw[:-2] + 2 * raw[1:-1] + raw[2:]) / 4
        expect = self._expected()
        surprise = (energy / (expect + self.noise + FLOOR)).mean(0)
        limit = np.where(self.age < 15, 1, np.maximum(surprise, 1))
        error, heard = self.slow[1], self.slow[3]
        lacks = (error > 1e-3 * heard) & (expect.sum(0) > 0.03 * energy.sum(0))
        self.noise += 0.15 * (np.maximum(energy - expect, 0) - self.noise)
        seen = np.maximum(self.noise, np.where((self.age > 50) & ~lacks, 2, 0) * energy)
        scale = 1 / ((expect + seen + FLOOR) * limit)
        old = np.where(lacks, 2e-4, 2e-5)
        wander = old + (0.3 - old) * np.exp(-self.age / 10)
        self.age = self.age + active * np.clip(1.5 * (expect * scale).mean(0), 0.2, 1)
        self.turn = (self.turn + 1) % 4
        gain = (np.abs(self.path) ** 2).mean(1)
        passed = gain.sum(0)
        self.least = np.where(passed < 3e-3, 3e-3, 1e-4)
        for part in range(len(self.path)):
            half, quarter = part % 2 == self.turn % 2, part % 4 == self.turn
            main = lacks & (gain[part] > 1e-4 * passed)
            go = active & (main | (self.age < 40) | np.where(self.age < 100, half, quarter))
            self._learn(part, spectrum * scale, scale, go, wander)

    def _learn(self, part: int, error: Array, scale: Array, go: Array, wander: Array) -> None:
        sent, doubt = self.sent[part], self.doubt[part]
        step = np.fft.irfft(sent.conj() * error * doubt * go, axis=0)
        step[BLOCK:] = 0
        self.path[part] += np.fft.rfft(step, axis=0)
        known = _bands(np.abs(sent) ** 2 * scale)
        doubt = doubt * np.maximum(1 - 0.5 * known * doubt * go, 0)
        power = np.abs(self.path[part]) ** 2
        aim = 0.5 * _bands(power) + 0.5 * power.mean(0)
        doubt = np.maximum(doubt + wander * (aim - doubt), self.prior[part] * self.least)
        self.doubt[part] = np.where(go, doubt, self.doubt[part])

    def _choose(self, e: Array, d: Array) -> Array:
        """What came in is sent where the model is worse than none."""
        self.swift = 0.5 * (self.swift + np.array([(e * e).sum(0), (d * d).sum(0)]))
        edge = np.where(self.choice > 0.5, 0.95, 1.5)
        choice = (self.swift[0] > edge * self.swift[1]).astype(float)
        ramp = np.arange(1, BLOCK + 1)[:, None] / BLOCK
        pick = self.choice + (choice - self.choice) * ramp
        self.choice = choice
        return np.asarray(e + (d - e) * pick)


def _bands(values: Array) -> Array:
    """Means over bands of three bins, at every bin."""
    return np.repeat(values.reshape(27, 3, -1).mean(1), 3, axis=0)
