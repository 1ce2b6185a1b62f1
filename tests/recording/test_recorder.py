"""Recording calls over a real engine, on virtual time and once in real time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dsp_ext import g711
from dsp_ext.engine import Engine, run_blocks
from dsp_ext.port import Wire
from mediaserver.bus import Bus
from mediaserver.clock import Clock
from mediaserver.events import (
    RecordingFailed,
    RecordingStarted,
    RecordingStopped,
    SystemAlarm,
)
from mediaserver.media.clockwork import RealTime
from mediaserver.media.session import MediaSession
from mediaserver.recording import store, wav
from mediaserver.recording.recorder import RING_OCTETS, Recorder
from tests.media.world import World, run


@dataclass
class Settings:
    directory: Path
    enabled: bool = True
    min_free_percent: float = 0.0
    max_minutes: int = 240


class Studio(World):
    """A world whose near end has a recorder."""

    def __init__(
        self, root: Path, channels: int = 2, law: str = "alaw", taps: int = 240, **settings: object
    ) -> None:
        super().__init__(channels, law=law, taps=taps)
        self.root = root
        self.recorder = Recorder(
            Settings(root, **settings),  # type: ignore[arg-type]
            self.near,
            self.bus,
            self.clock,
        )
        self.recorder.open()

    def sides(self, path: str) -> tuple[np.ndarray, np.ndarray]:
        """Octets of left and right."""
        octets = np.frombuffer((self.root / path).read_bytes()[wav.HEADER_OCTETS :], np.uint8)
        return octets[0::2], octets[1::2]

    def stall(self, seconds: int) -> None:
        """The line goes on for so long while the control loop does nothing at all."""
        left = seconds * 100
        while left:
            left -= run_blocks([self.near.engine, self.far.engine], left)


def ramp(samples: int, start: int) -> np.ndarray:
    """int16, no two neighbours alike on the line."""
    return (start + np.arange(samples) % 500 * 40).astype(np.int16)


def holds(side: np.ndarray, samples: np.ndarray, law: str = "alaw") -> bool:
    encode = g711.alaw_encode if law == "alaw" else g711.ulaw_encode
    return encode(samples).tobytes() in side.tobytes()


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_left_is_received_and_right_is_sent(tmp_path: Path, law: str) -> None:
    async def story() -> None:
        studio = Studio(tmp_path, law=law)
        recording = studio.recorder.start("C1", studio.near.port(0))
        assert recording is not None and recording.law == law
        theirs, ours = ramp(8000, 1000), ramp(6000, -15_000)
        await asyncio.gather(studio.far.port(0).play(theirs), studio.near.port(0).play(ours))
        await asyncio.sleep(0.1)
        assert await studio.recorder.stop("C1") is recording
        left, right = studio.sides(recording.path)
        assert holds(left, theirs, law) and not holds(left, ours, law)
        assert holds(right, ours, law) and not holds(right, theirs, law)
        assert soundfile.info(tmp_path / recording.path).frames == len(left)
        assert (recording.state, recording.lost_octets) == ("closed", 0)
        assert 1100 <= recording.duration_ms <= 1150

    run(story)


def test_both_sides_run_in_step(tmp_path: Path) -> None:
    """A loop back at the far end shows the delay of the line, the same at any time."""

    async def story() -> None:
        studio = Studio(tmp_path)
        bridge = studio.far.bridge()
        bridge.join(studio.far.port(0))
        bridge.join(studio.far.port(1))
        port = studio.near.port(0)
        recording = studio.recorder.start("C1", port)
        other = studio.recorder.start("C2", studio.near.port(1))
        assert recording is not None and other is not None
        clicks = np.zeros(80_000, np.int16)
        clicks[::8000] = 20_000
        await port.play(clicks)
        await asyncio.sleep(0.2)
        await studio.recorder.close()
        sent = np.nonzero(studio.sides(recording.path)[1] == g711.alaw_encode(clicks[:1])[0])[0]
        back = np.nonzero(studio.sides(other.path)[0] == g711.alaw_encode(clicks[:1])[0])[0]
        assert len(sent) == len(back) == 10
        assert len(set((back - sent).tolist())) == 1
        assert set(np.diff(sent).tolist()) == {8000}

    run(story)


def test_what_happened_is_published_and_where(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)
        recording = studio.recorder.start("C1", studio.near.port(0))
        assert recording is not None and recording.state == "opening"
        assert studio.recorder.start("C1", studio.near.port(0)) is recording
        await asyncio.sleep(2.0)
        assert studio.recorder.active() == [recording] and recording.state == "open"
        first, second = await asyncio.gather(studio.recorder.stop("C1"), studio.recorder.stop("C1"))
        assert first is second is recording
        assert await studio.recorder.stop("C1") is None
        (started,) = studio.heard(RecordingStarted)
        (stopped,) = studio.heard(RecordingStopped)
        assert started.recording_id == stopped.recording_id == recording.id
        assert recording.path == f"2026/01/05/{recording.id}.wav" == started.path
        assert len(recording.id) == 32
        assert stopped.duration_ms == recording.duration_ms == stopped.octets // 16
        assert stopped.lost_octets == 0
        assert not studio.heard(SystemAlarm)

    run(story)


def test_a_call_is_recorded_again_while_its_first_recording_is_being_closed(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)
        port = studio.near.port(0)
        first = studio.recorder.start("C1", port)
        await asyncio.sleep(1.0)
        stopping = asyncio.create_task(studio.recorder.stop("C1"))
        await asyncio.sleep(0)
        second = studio.recorder.start("C1", port)
        assert first is not None and second is not None and second is not first
        assert await stopping is first
        await asyncio.sleep(2.0)
        assert await studio.recorder.stop("C1") is second
        assert (first.duration_ms // 100, second.duration_ms // 100) == (10, 20)
        await studio.recorder.close()
        assert studio.recorder.start("C1", port) is None

    run(story)


def test_the_file_on_disk_keeps_up_with_the_call(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)
        recording = studio.recorder.start("C1", studio.near.port(0))
        assert recording is not None
        for tenth in range(1, 60):
            await asyncio.sleep(0.1)
            behind = tenth * 100 - store.info(tmp_path / recording.path).duration_ms
            assert behind <= 1020

    run(story)


def test_sixty_calls_at_once_lose_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path, channels=60)
        said = [ramp(16_000, 40 * n) for n in range(60)]
        plays = [studio.far.port(n).play(said[n]) for n in range(60)]
        takes = [studio.recorder.start(f"C{n}", studio.near.port(n)) for n in range(60)]
        await asyncio.gather(*plays)
        await asyncio.sleep(0.1)
        await studio.recorder.close()
        for n, take in enumerate(takes):
            assert take is not None and (take.state, take.lost_octets) == ("closed", 0)
            assert holds(studio.sides(take.path)[0], said[n])
        assert len(studio.heard(RecordingStopped)) == 60
        assert studio.near.tap_octets_lost == 0

    run(story)


def test_a_stall_of_ten_seconds_loses_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)
        recording = studio.recorder.start("C1", studio.near.port(0))
        said = ramp(80_000, 100)
        playing = asyncio.create_task(studio.far.port(0).play(said))
        await asyncio.sleep(0.01)
        studio.stall(10)
        await playing
        await asyncio.sleep(0.1)
        await studio.recorder.close()
        assert recording is not None and recording.lost_octets == 0
        assert holds(studio.sides(recording.path)[0], said)

    run(story)


def test_a_longer_stall_is_a_gap_of_its_length(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)
        recording = studio.recorder.start("C1", studio.near.port(0))
        playing = asyncio.create_task(studio.far.port(0).play(ramp(500, 1000), loop=True))
        await asyncio.sleep(1.0)
        before = studio.near.engine.samples
        studio.stall(30)
        await asyncio.sleep(3.0)
        studio.far.port(0).stop()
        await playing
        await studio.recorder.close()
        assert recording is not None
        lost = recording.lost_octets // 2
        assert 30 * 8000 - RING_OCTETS // 2 - 1000 <= lost <= 30 * 8000
        left, _ = studio.sides(recording.path)
        assert abs(len(left) - (studio.near.engine.samples - 160)) <= 800
        gap = left.tobytes().find(b"\xd5" * lost)
        assert before < gap and abs(gap - 80 - RING_OCTETS // 2 - before) <= 8000
        tone = g711.alaw_encode(ramp(500, 1000)).tobytes()
        again = left.tobytes().find(tone, gap + lost)
        first = left.tobytes().find(tone)
        assert (again - first) % 500 == 0  # no drift: still in step with what was said

    run(story)


def test_recording_switched_off(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path / "none", enabled=False)
        assert studio.recorder.start("C1", studio.near.port(0)) is None
        assert await studio.recorder.stop("C1") is None
        await studio.recorder.close()
        assert not (tmp_path / "none").exists()

    run(story)


def test_a_full_disk_refuses_and_tells_and_the_alarm_goes_when_there_is_space(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        studio = Studio(tmp_path, min_free_percent=100.0)
        port = studio.near.port(0)
        recording = studio.recorder.start("C1", port)
        assert await port.play(ramp(8000, 0))  # the call goes on
        assert recording is not None and recording.state == "failed"
        assert await studio.recorder.stop("C1") is None
        (failed,) = studio.heard(RecordingFailed)
        assert "disk is free" in failed.reason and failed.call_id == "C1"
        assert not studio.heard(RecordingStarted)
        await asyncio.sleep(30)
        assert [(a.name, a.active) for a in studio.heard(SystemAlarm)] == [("disk", True)]
        studio.recorder._writer.min_free_percent = 0.0
        await asyncio.sleep(11)
        assert [a.active for a in studio.heard(SystemAlarm)] == [True, False]
        again = studio.recorder.start("C2", port)
        await asyncio.sleep(0.5)
        await studio.recorder.close()
        assert again is not None and again.state == "closed"

    run(story)


def test_a_write_error_in_a_call_stops_the_recording_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)
        port = studio.near.port(0)
        recording = studio.recorder.start("C1", port)
        playing = asyncio.create_task(port.play(ramp(80_000, 0)))
        await asyncio.sleep(3.0)

        def no_space(*_: object) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("os.pwrite", no_space)
            await asyncio.sleep(2.0)
        assert recording is not None
        assert (recording.state, recording.reason) == ("failed", "No space left on device")
        assert 2000 <= recording.duration_ms <= 3100
        assert await playing
        assert store.rebuild(tmp_path / recording.path).octets == recording.octets
        assert not studio.recorder.active()
        await studio.recorder.close()

    run(story)


def test_a_line_that_cannot_be_tapped_goes_on_unrecorded(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path, taps=1)
        one = studio.recorder.start("C1", studio.near.port(0))
        two = studio.recorder.start("C2", studio.near.port(1))
        assert one is not None and two is not None
        assert (two.state, two.reason) == ("failed", "all 1 taps are taken")
        assert await studio.near.port(1).play(ramp(800, 0))
        await studio.recorder.close()
        assert [e.call_id for e in studio.heard(RecordingFailed)] == ["C2"]
        assert one.state == "closed"

    run(story)


def test_the_longest_recording_closes_itself_and_lets_the_line_go(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path, max_minutes=1)
        recording = studio.recorder.start("C1", studio.near.port(0))
        await asyncio.sleep(90)
        assert recording is not None
        assert (recording.state, recording.duration_ms) == ("closed", 60_000)
        assert not studio.recorder.active()
        assert studio.near.engine.counters()["tap_dropped_octets"] == 0
        await studio.recorder.close()

    run(story)


def test_a_leg_that_is_reset_first_ends_the_sound_not_the_file(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)
        port = studio.near.port(0)
        recording = studio.recorder.start("C1", port)
        await asyncio.sleep(1.0)
        port.reset()
        await asyncio.sleep(5.0)
        await studio.recorder.stop("C1")
        assert recording is not None and recording.state == "closed"
        assert 900 <= recording.duration_ms <= 1050

    run(story)


def test_an_engine_that_has_stopped_keeps_no_file_open(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)
        recording = studio.recorder.start("C1", studio.near.port(0))
        await asyncio.sleep(1.0)
        studio.clockwork.stop()
        await studio.recorder.close()
        assert recording is not None and recording.state == "closed"
        assert recording.duration_ms >= 900

    run(story)


def test_in_real_time_a_thread_writes(tmp_path: Path) -> None:
    async def story() -> None:
        wire, bus = Wire(8), Bus()
        started: list[RecordingStarted] = []
        bus.subscribe(RecordingStarted, started.append)
        engines = [Engine(8), Engine(8)]
        engines[0].attach(0, wire.a)
        engines[1].attach(0, wire.b)
        clock = Clock(asyncio.get_running_loop())
        near, far = (MediaSession(engine, clock, bus) for engine in engines)
        clockwork = RealTime([near, far], priority=0)
        clockwork.start()
        recorder = Recorder(Settings(tmp_path), near, bus, clock)
        recorder.open()
        takes = [recorder.start(f"C{n}", near.port(n)) for n in range(8)]
        said = [ramp(1600, 100 * n) for n in range(8)]
        await asyncio.gather(*(far.port(n).play(said[n]) for n in range(8)))
        assert await near.port(0).play(ramp(800, 0))
        await recorder.close()
        clockwork.stop()
        assert len(started) == 8
        for n, take in enumerate(takes):
            assert take is not None and take.state == "closed"
            octets = (tmp_path / take.path).read_bytes()[wav.HEADER_OCTETS :]
            assert holds(np.frombuffer(octets, np.uint8)[0::2], said[n])

    asyncio.run(story())


def test_what_is_said_in_a_pause_is_left_out(tmp_path: Path) -> None:
    async def story() -> None:
        studio = Studio(tmp_path)
        recording = studio.recorder.start("C1", studio.near.port(0))
        assert recording is not None
        parts = [ramp(4000, start) for start in (-15_000, 0, 10_000)]
        for part, paused in zip(parts, (False, True, False), strict=True):
            studio.recorder.pause("C1", paused)
            await studio.far.port(0).play(part)
            await asyncio.sleep(0.1)
        await studio.recorder.stop("C1")
        left, _ = studio.sides(recording.path)
        assert [holds(left, part) for part in parts] == [True, False, True]
        assert len(left) < 2 * 4000 + 3 * 800 and recording.lost_octets == 0

    run(story)


def test_a_recording_may_end_in_its_pause_or_find_no_tap_after_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        studio = Studio(tmp_path, taps=1)
        studio.recorder.pause("nobody", True)
        first = studio.recorder.start("C1", studio.near.port(0))
        await asyncio.sleep(1)
        studio.recorder.pause("C1", True)
        await asyncio.sleep(0.1)
        second = studio.recorder.start("C2", studio.near.port(1))
        assert first is not None and second is not None
        studio.recorder.pause("C1", False)
        assert "recording of call C1 does not go on" in caplog.text
        for call_id in ("C1", "C2"):
            await studio.recorder.stop(call_id)
            studio.recorder.pause(call_id, False)
        assert (first.state, second.state) == ("closed", "closed") and first.octets > 0

    run(story)
