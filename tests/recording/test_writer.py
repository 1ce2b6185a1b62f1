"""The writer alone: rings in, files out, and every fault a disk can have."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dsp_ext.ring import Ring
from mediaserver.recording import store, wav
from mediaserver.recording.writer import Outcome, Track, Writer, WriterThread

LONG = 2**30


class Desk:
    """A writer and what it reported."""

    def __init__(self, root: Path, min_free: float = 0.0, longest: int = LONG) -> None:
        self.root = root
        self.reports: list[tuple[str, Outcome]] = []
        self.writer = Writer(root, min_free, longest, self._report)

    def _report(self, track: Track, outcome: Outcome) -> None:
        self.reports.append((track.path, outcome))

    def track(
        self, path: str = "2026/01/05/x.wav", octets: int = 2**18, law: str = "alaw"
    ) -> Track:
        track = Track(path, law, Ring(octets))
        self.writer.add(track)
        self.writer.service()
        return track

    def finish(self, track: Track) -> None:
        track.stopping = True
        self.writer.service()


def sound(frames: int, seed: int = 0) -> bytes:
    """Octets of both directions, none of which is silence."""
    rng = np.random.default_rng(seed)
    octets = rng.integers(0, 0xD5, 2 * frames, dtype=np.uint8)
    return octets.tobytes()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(("law", "subtype"), [("alaw", "ALAW"), ("ulaw", "ULAW")])
def test_a_recording_is_a_wav_that_a_stranger_reads(desk: Desk, law: str, subtype: str) -> None:
    track = desk.track(law=law)
    octets = sound(8000)
    track.ring.write(octets)
    desk.finish(track)
    file = desk.root / track.path
    assert soundfile.info(file).subtype == subtype
    pcm, rate = soundfile.read(file, dtype="int16")
    assert (rate, pcm.shape) == (8000, (8000, 2))
    ours = b"".join(store.wav_pcm16(file))[44:]
    assert np.array_equal(np.frombuffer(ours, np.int16).reshape(-1, 2), pcm)
    assert [outcome for _, outcome in desk.reports] == [Outcome.OPENED, Outcome.CLOSED]
    assert (track.octets, track.lost, desk.writer.busy) == (16_000, 0, False)


def test_the_header_is_never_a_second_behind_and_never_ahead(desk: Desk) -> None:
    track = desk.track()
    file, written = desk.root / track.path, 0
    for n in range(40):
        written += track.ring.write(sound(2000, n))  # 250 ms
        desk.writer.service()
        data = file.read_bytes()
        promised = wav.unpack(data).octets
        assert written - wav.SECOND < promised <= len(data) - wav.HEADER_OCTETS
        assert soundfile.info(file).frames == promised // 2


def test_files_belong_to_us_alone_and_are_never_shared(desk: Desk) -> None:
    first = desk.track()
    assert (desk.root / first.path).stat().st_mode & 0o777 == 0o600
    second = desk.track()
    assert second.reason == "File exists"
    assert desk.reports[-1] == (second.path, Outcome.FAILED)
    first.ring.write(sound(80))
    desk.finish(first)
    assert first.octets == 160


def test_a_link_in_the_place_of_the_file_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / "link.wav").symlink_to(tmp_path / "target")
    track = desk.track("link.wav")
    assert track.reason
    assert (tmp_path / "target").read_text() == "mine"


def test_what_a_full_ring_lost_is_silence_of_the_same_length_in_its_place(desk: Desk) -> None:
    track = desk.track(octets=4096)
    before, missing, after = sound(2048, 1), sound(700, 2), sound(500, 3)
    assert track.ring.write(before) == 4096
    assert track.ring.write(missing) == 0
    desk.writer.service()
    track.ring.write(after)
    desk.finish(track)
    octets = (desk.root / track.path).read_bytes()[wav.HEADER_OCTETS :]
    assert octets == before + b"\xd5" * 1400 + after
    assert (track.octets, track.lost) == (len(octets), 1400)


def test_a_long_stall_leaves_a_long_gap_and_no_drift(desk: Desk) -> None:
    track = desk.track(octets=2**14)
    for n in range(100):
        track.ring.write(sound(8000, n))
    desk.finish(track)
    assert track.octets == 100 * wav.SECOND
    assert track.lost == 100 * wav.SECOND - 2**14
    assert store.info(desk.root / track.path).duration_ms == 100_000


def test_the_longest_recording_ends_by_itself(tmp_path: Path) -> None:
    desk = Desk(tmp_path, longest=wav.SECOND)
    track = desk.track()
    track.ring.write(sound(9000))
    desk.writer.service()
    assert desk.reports[-1] == (track.path, Outcome.FULL)
    assert store.info(tmp_path / track.path).octets == wav.SECOND
    overrun = desk.track("y.wav", octets=4096)
    overrun.ring.write(sound(9000))
    desk.writer.service()
    assert overrun.octets == wav.SECOND


def test_too_little_space_refuses_a_new_recording_and_leaves_old_ones_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = desk.track()
    desk.writer.min_free_percent = 100.0
    new = desk.track("new.wav")
    assert desk.reports[-1] == ("new.wav", Outcome.FAILED)
    assert "% of the disk is free; a recording needs 100 %" in new.reason
    assert not (desk.root / "new.wav").exists()
    old.ring.write(sound(800))
    desk.finish(old)
    assert desk.reports[-1] == (old.path, Outcome.CLOSED)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    where = tmp_path / "small"
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(where)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount")
    if done.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield where
    subprocess.run(["umount", "-l", str(where)], check=True)


def test_on_a_full_disk_what_was_written_still_plays(small_disk: Path) -> None:
    desk = Desk(small_disk)
    victim = desk.track()
    for n in range(40):
        victim.ring.write(sound(8000, n))
        desk.writer.service()
        if victim.reason:
            break
    assert victim.reason == os.strerror(errno.ENOSPC)
    assert desk.reports[-1] == (victim.path, Outcome.FAILED)
    file = small_disk / victim.path
    assert soundfile.info(file).frames * 2 == victim.octets > 10 * wav.SECOND
    whole = b"".join(sound(8000, n) for n in range(40))
    assert file.read_bytes()[wav.HEADER_OCTETS :] == whole[: victim.octets]
    late = desk.track("late.wav")
    assert late.reason
    victim_free = desk.writer.free_percent()
    file.unlink()
    assert desk.writer.free_percent() > victim_free
    assert not desk.track("after.wav").reason


class Failing:
    """os.pwrite or os.fsync that fails from the n-th call on."""

    def __init__(self, real: object, after: int) -> None:
        self._real, self.left, self.failed = real, after, 0

    def __call__(self, *args: object) -> object:
        self.left -= 1
        if self.left < 0:
            self.failed += 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self._real(*args)  # type: ignore[operator]


@pytest.mark.parametrize("after", range(6))
def test_a_write_error_at_any_moment_ends_that_recording_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    healthy = desk.track("healthy.wav")
    monkeypatch.setattr(os, "pwrite", Failing(os.pwrite, after))
    victim = desk.track("victim.wav")
    for n in range(8):
        victim.ring.write(sound(4000, n))
        desk.writer.service()
    assert victim.reason == os.strerror(errno.EIO)
    monkeypatch.undo()
    healthy.ring.write(sound(800))
    desk.finish(healthy)
    assert desk.reports[-1] == ("healthy.wav", Outcome.CLOSED)
    if after:
        assert store.rebuild(desk.root / "victim.wav").octets == victim.octets


def test_a_failed_fsync_is_a_failed_recording_and_is_not_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = Failing(os.fsync, 0)
    track = desk.track()
    monkeypatch.setattr(os, "fsync", fsync)
    track.ring.write(sound(800))
    desk.finish(track)
    assert desk.reports[-1] == (track.path, Outcome.FAILED)
    assert fsync.failed == 1
    assert soundfile.info(desk.root / track.path).frames == 800


def test_a_writer_s_own_fault_ends_one_track_not_the_thread(desk: Desk) -> None:
    broken = desk.track("broken.wav")
    broken.ring = None
    other = desk.track("other.wav")
    assert ("broken.wav", Outcome.FAILED) in desk.reports
    desk.finish(other)
    assert desk.reports[-1] == ("other.wav", Outcome.CLOSED)


def test_no_file_descriptor_is_left_open(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(10):
        desk.finish(desk.track(f"{n}.wav"))
        desk.track(f"{n}.wav")  # exists
    desk.writer.min_free_percent = 100.0
    desk.track("refused.wav")
    desk.writer.min_free_percent = 0.0
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", Failing(os.pwrite, 0))
        desk.track("failed.wav")
    # Others' files may be closed meanwhile, by the collector: only what lies there counts.
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert [link for link in links if link.readlink().is_relative_to(desk.root)] == []


def test_the_thread_writes_everything_before_it_ends(desk: Desk) -> None:
    thread = WriterThread(desk.writer)
    tracks = [Track(f"{n}.wav", "alaw", Ring(2**14)) for n in range(60)]
    for n, track in enumerate(tracks):
        desk.writer.add(track)
        thread.wake()
        track.ring.write(sound(4000, n))
    for track in tracks:
        track.stopping = True
    thread.join()
    for n, track in enumerate(tracks):
        octets = (desk.root / track.path).read_bytes()[wav.HEADER_OCTETS :]
        assert octets == sound(4000, n)
