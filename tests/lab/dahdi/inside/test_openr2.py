"""MFC/R2 against a stranger, libopenr2, on the real driver: both directions, three variants.

The first timeslots are Mexico's, then ITU's, then China's.  libopenr2's China knows no KA, no KD:
it answers without asking for the caller, and as the caller it cannot tell its own number.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np

from drivers.base import SetupRequest
from drivers.boards.dahdi.board import channels_of_span
from drivers.boards.dahdi.device import Control
from drivers.boards.dahdi.span import AudioSettings, DahdiE1Span
from drivers.events import Alerting, Connected, Disconnected, LineEvent, Number, Released, Setup
from drivers.signalling.mfcr2.span import mfcr2
from dsp_ext.engine import Engine
from dsp_ext.ring import Ring
from mediaserver.clock import Clock
from mediaserver.media.clockwork import RealTime
from mediaserver.media.registers import MediaRegisters, banks
from mediaserver.media.session import MediaSession
from tests.lab.dahdi.inside.openr2 import FarEnd, Group, far_end
from tests.lab.dahdi.inside.sound import carried

BLOCK = 80
SPAN = 5
EACH = 4  # timeslots of a variant: two on which we call, two on which we are called
VARIANTS: dict[str, dict[str, Any]] = {
    "mx": {"dnis_length": 4},
    "itu": {"dnis_length": 4},
    "cn": {"dnis_length": 4, "ani": "never"},
}
#: Mexico's caller numbers have a known length: the signal for their end means "withheld".
THEIRS = {
    "mx": ("maxani=11", "skipcategory=no"),
    "itu": ("maxani=20", "skipcategory=no"),
    "cn": ("maxani=20", "skipcategory=yes"),
}
SLOTS = {variant: range(1 + EACH * i, 1 + EACH * (i + 1)) for i, variant in enumerate(VARIANTS)}
CALLED, CALLING = "6688", "13800138000"


class Ours:
    """Our end of one variant's circuits: what is called is answered, what ends is let go."""

    def __init__(self, variant: str, span: DahdiE1Span, registers: MediaRegisters) -> None:
        self.span, self.events = span, list[LineEvent]()
        self.trace: list[str] = []
        self.signalling = mfcr2(
            span,
            self._happened,
            registers=registers,
            variant=variant,
            trace=lambda channel, way, said: self.trace.append(f"{channel}: {way} {said}"),
            **VARIANTS[variant],
        )

    def _happened(self, event: LineEvent) -> None:
        self.events.append(event)
        if isinstance(event, Setup):
            self.signalling.alerting(event.ref)
            self.signalling.answer(event.ref)
        elif isinstance(event, Disconnected):
            self.signalling.release(event.ref, 16)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if type(event) is kind]


class Rig:
    """All variants' circuits of one span, under one engine."""

    def __init__(self) -> None:
        self.control = Control()
        found = channels_of_span(self.control, SPAN, 31)
        at = {info.position: info for info in found}
        spans = {
            variant: DahdiE1Span(
                variant, SPAN, [at[n] for n in slots], self.control, AudioSettings(BLOCK), None
            )
            for variant, slots in SLOTS.items()
        }
        mfr2 = banks([(variant == "cn", EACH) for variant in VARIANTS])
        self.engine = Engine(EACH * len(VARIANTS), block=BLOCK, mfr2=mfr2)
        for i, span in enumerate(spans.values()):
            self.engine.attach(EACH * i, span.port)
            for place, channel in enumerate(span.channels):
                channel.index = EACH * i + place
        self.loop = asyncio.get_running_loop()
        session = MediaSession(self.engine, Clock(self.loop))
        registers = MediaRegisters(session)
        self.clockwork = RealTime([session])
        self.ends = {name: Ours(name, span, registers) for name, span in spans.items()}

    def start(self) -> None:
        for end in self.ends.values():
            for fd, call in end.span.readers().items():
                self.loop.add_reader(fd, call)
        self.clockwork.start()
        for end in self.ends.values():
            end.signalling.start()

    def stop(self) -> None:
        for end in self.ends.values():
            end.signalling.stop()
        self.clockwork.stop()
        for end in self.ends.values():
            for fd in end.span.readers():
                self.loop.remove_reader(fd)
            end.span.close()
        self.control.close()

    async def until(self, what: Callable[[], bool], far: FarEnd, within_s: float = 40.0) -> None:
        """What both ends did goes into the message of a failure."""
        try:
            async with asyncio.timeout(within_s):
                while not what():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            ours = {name: (end.events, end.trace) for name, end in self.ends.items()}
            raise AssertionError(f"{ours}\n{far.text()[-6000:]}") from None

    def all(self, kind: type, count: int) -> bool:
        """Whether each variant has told so many."""
        return all(len(end.of(kind)) == count for end in self.ends.values())


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Rig]:
    rig = Rig()
    rig.start()
    try:
        yield rig
    finally:
        rig.stop()


def _groups(*, calls: bool) -> list[Group]:
    half = EACH // 2
    return [
        Group(
            variant.upper(),
            slots[half:] if calls else slots[:half],
            calls,
            CALLED,
            CALLING,
            THEIRS[variant],
        )
        for variant, slots in SLOTS.items()
    ]


def test_we_call_libopenr2_and_hear_ourselves(tmp_path: Path) -> None:
    async def run() -> None:
        async with running() as rig:
            with far_end(_groups(calls=False), tmp_path) as far:
                slots = {v: SLOTS[v][: EACH // 2] for v in VARIANTS}
                await rig.until(
                    lambda: all(
                        rig.ends[v].signalling.is_idle(slot) for v in VARIANTS for slot in slots[v]
                    ),
                    far,
                )
                refs = {
                    v: [
                        rig.ends[v].signalling.setup(
                            SetupRequest(slot, Number(CALLED), Number(CALLING))
                        )
                        for slot in slots[v]
                    ]
                    for v in VARIANTS
                }
                await rig.until(lambda: rig.all(Connected, EACH // 2), far)
                assert rig.all(Alerting, EACH // 2)
                assert far.says(f"ANI = {CALLING}, DNIS = {CALLED}") == 4, far.text()
                assert far.says(f"DNIS = {CALLED}") == 6, far.text()
                await _echoed(rig, [slot for v in VARIANTS for slot in slots[v]])
                for v in VARIANTS:
                    for ref in refs[v]:
                        rig.ends[v].signalling.release(ref, 16)
                await rig.until(lambda: rig.all(Released, EACH // 2), far)
                await rig.until(lambda: far.says("call ended at chan") == 6, far)

    asyncio.run(run())


async def _echoed(rig: Rig, slots: list[int]) -> None:
    """What is sent on the circuits comes back octet for octet."""
    rng = np.random.default_rng(3)
    rings = {}
    sent = {}
    for slot in slots:
        sent[slot] = rng.integers(-8000, 8000, 8000, dtype=np.int16)
        rings[slot] = Ring(1 << 16)
        rig.engine.play(slot - 1, sent[slot], loop=True)
        rig.engine.tap(slot - 1, rings[slot], mode="rx")
    await asyncio.sleep(2.0)
    for slot in slots:
        rig.engine.stop(slot - 1)
        assert carried(sent[slot], bytes(rings[slot].read())) > 8000, slot


def test_libopenr2_calls_us_and_is_cleared(tmp_path: Path) -> None:
    async def run() -> None:
        async with running() as rig:
            with far_end(_groups(calls=True), tmp_path) as far:
                await rig.until(lambda: far.says("has been answered") == 6, far)
                for name, end in rig.ends.items():
                    setups = end.of(Setup)
                    calling = "" if name == "cn" else CALLING
                    assert {s.called.digits for s in setups} == {CALLED}
                    assert {s.calling.digits for s in setups} == {calling}
                    for setup in setups:
                        end.signalling.release(setup.ref, 16)
                await rig.until(lambda: rig.all(Released, EACH // 2), far)
                assert far.says("call ended at chan") == 6, far.text()

    asyncio.run(run())
