"""The same calls with real tones: our generator and our detector, A-law between, block by block."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from drivers.base import SetupRequest
from drivers.events import Alerting, Connected, Disconnected, LineEvent, Number, Setup
from drivers.signalling.mfcr2.circuit import Circuit
from drivers.signalling.mfcr2.outputs import Listen, Output, SendBits, SendTone, StopTone
from drivers.signalling.mfcr2.variant import R2Settings
from dsp_ext import g711, mfr2
from dsp_ext.tone import ToneGenerator
from tests.drivers.mfcr2.pair import VARIANTS

BLOCK = 80
BLOCK_S = BLOCK / 8000


class End:
    """A circuit with a tone generator and a detector of its own."""

    def __init__(self, name: str, settings: R2Settings, refs: itertools.count[int]) -> None:
        self.circuit = Circuit(name, 1, settings, lambda: next(refs))
        self.china = self.circuit.variant.china_backward
        self.generator = ToneGenerator(1)
        self.detector: mfr2.MfDetector | None = None
        self.bits: int | None = None
        self.events: list[LineEvent] = []

    def take(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case SendBits(abcd):
                    self.bits = abcd
                case SendTone(signal, forward):
                    direction = "forward" if forward else "backward"
                    china = self.china and not forward
                    self.generator.start(0, mfr2.program(signal, direction, china=china))
                case StopTone():
                    self.generator.stop(0)
                case Listen(""):
                    self.detector = None
                case Listen(direction):
                    china = self.china and direction == "backward"
                    self.detector = mfr2.MfDetector(1, direction, china=china)
                case _:
                    self.events.append(output)

    def block(self, heard: np.ndarray, bits: int | None, now: float) -> np.ndarray:
        """One block: what was heard, what is sent."""
        if bits is not None:
            self.take(self.circuit.feed_bits(bits, now))
        if self.detector is not None:
            for event in self.detector.process(heard):
                signal = event.signal if event.duration_ms == 0 else 0
                self.take(self.circuit.feed_tone(signal, now))
        due = self.circuit.next_timeout
        if due is not None and due <= now:
            self.take(self.circuit.timeout(now))
        sent = np.asarray(self.generator.process(BLOCK), np.float32).reshape(BLOCK, 1)
        coded = g711.alaw_encode(np.rint(sent[:, 0]).astype(np.int16))
        return np.asarray(g711.alaw_decode(coded), np.float32).reshape(BLOCK, 1)

    def of(self, kind: type) -> list:
        return [event for event in self.events if type(event) is kind]


class Rig:
    """Two ends; audio and bits take a block each way, and noise lies on the line."""

    def __init__(self, variant: str, noise: float = 0.0, **settings: Any) -> None:
        refs = itertools.count(1)
        self.a, self.b = (End(name, R2Settings(variant=variant, **settings), refs) for name in "ab")
        self.blocks, self.noise = 0, noise
        self._random = np.random.default_rng(1)
        self._to_a = self._to_b = np.zeros((BLOCK, 1), np.float32)
        for end in (self.a, self.b):
            end.take(end.circuit.start(0b1101, 0.0))
        self.run(0.2)

    @property
    def now(self) -> float:
        return self.blocks * BLOCK_S

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / BLOCK_S)):
            self.blocks += 1
            bits = self.a.bits, self.b.bits
            self.a.bits = self.b.bits = None
            hiss = self._random.normal(0, self.noise, (2, BLOCK, 1)).astype(np.float32)
            heard = self._to_a + hiss[0], self._to_b + hiss[1]
            self._to_b = self.a.block(heard[0], bits[1], self.now)
            self._to_a = self.b.block(heard[1], bits[0], self.now)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_call_over_real_tones(variant: str) -> None:
    rig = Rig(variant, noise=30.0, dnis_length=4)
    request = SetupRequest(1, Number("6688"), Number("139"))
    rig.a.take(rig.a.circuit.setup(request, 99, rig.now))
    rig.run(4.0)
    setup = rig.b.of(Setup)[0]
    assert (setup.called.digits, setup.calling.digits) == ("6688", "139")
    rig.b.take(rig.b.circuit.answer(rig.now))
    rig.run(1.0)
    assert rig.a.of(Alerting) and rig.a.of(Connected)
    assert rig.a.detector is None and rig.b.detector is None
    rig.a.take(rig.a.circuit.release(16, rig.now))
    rig.run(0.2)
    assert rig.b.of(Disconnected)
    rig.b.take(rig.b.circuit.release(16, rig.now))
    rig.run(0.5)
    assert rig.a.circuit.idle and rig.b.circuit.idle


def test_a_pulsed_signal_is_heard_as_one() -> None:
    rig = Rig("cn", ani="never")
    rig.a.take(rig.a.circuit.setup(SetupRequest(1, Number("66")), 99, rig.now))
    rig.run(6.0)
    assert rig.b.of(Setup)[0].called.digits == "66"
    rig.b.take(rig.b.circuit.alerting(rig.now))
    rig.run(1.0)
    assert rig.a.of(Alerting)
