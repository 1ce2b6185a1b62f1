"""Opening, mending, drawing and playing recordings."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mediaserver.recording import store, wav
from mediaserver.recording.store import BrokenHeader, UnsafePath


def recording(frames: int, law: str = "alaw", seed: int = 1) -> bytes:
    octets = np.random.default_rng(seed).integers(0, 256, 2 * frames, dtype=np.uint8).tobytes()
    return wav.pack(wav.Header(law, len(octets))) + octets


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """recordings/2026/a.wav, and a secret beside the root with links to it."""
    root = tmp_path / "recordings"
    (root / "2026").mkdir(parents=True)
    (root / "2026" / "a.wav").write_bytes(recording(100))
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("secret")
    (root / "2026" / "link.wav").symlink_to(tmp_path / "secret" / "key")
    (root / "out").symlink_to(tmp_path / "secret")
    os.mkfifo(root / "2026" / "pipe.wav")
    return root


def test_a_file_beneath_the_root_is_opened(root: Path) -> None:
    with store.open_beneath(root, "2026/a.wav") as file:
        assert store.info(file).duration_ms == 12
        assert not file.closed


def open_below(folder: Path) -> set[Path]:
    """What this process holds open there."""
    links = Path("/proc/self/fd").iterdir()
    held = (link.readlink() for link in links if link.is_symlink())
    return {target for target in held if target.is_relative_to(folder)}


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", ".", "..", "../secret/key", "2026/../../secret/key", "/etc/passwd"),
        *("2026/link.wav", "out/key", "2026", "2026/pipe.wav", "a\0b", "2026/a.wav/x"),
    ],
)
def test_nothing_else_is(root: Path, path: str) -> None:
    with pytest.raises(UnsafePath):
        store.open_beneath(root, path)
    assert open_below(root.parent) == set()


def test_a_missing_file_is_missing(root: Path) -> None:
    for path in ("2026/b.wav", "2027/a.wav"):
        with pytest.raises(FileNotFoundError):
            store.open_beneath(root, path)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
@pytest.mark.parametrize("kept", [0, 10, 57, 58, 59, 60, 61, 5000, 16_058])
def test_a_file_whose_writer_was_killed_is_mended(tmp_path: Path, law: str, kept: int) -> None:
    file = tmp_path / "x.wav"
    whole = recording(8000, law)
    behind = wav.pack(wav.Header(law, 0)) + whole[wav.HEADER_OCTETS :]
    file.write_bytes(behind[:kept])
    mended = store.rebuild(file, law)
    octets = max(0, kept - wav.HEADER_OCTETS) // 2 * 2
    assert (mended.law, mended.octets) == (law, octets)
    assert store.info(file) == mended
    assert file.read_bytes()[58:] == whole[58 : 58 + octets]
    assert soundfile.info(file).frames == octets // 2
    assert store.rebuild(file) == mended


def test_a_lost_header_is_written_anew_and_sound_kept(tmp_path: Path) -> None:
    file = tmp_path / "x.wav"
    file.write_bytes(b"\0" * 58 + recording(100)[58:])
    with pytest.raises(BrokenHeader):
        store.info(file)
    assert store.rebuild(file, "ulaw") == store.Info("ulaw", 200, 12)
    assert file.read_bytes()[58:] == recording(100)[58:]
    with pytest.raises(FileNotFoundError):
        store.rebuild(tmp_path / "none.wav")


@pytest.mark.parametrize("at", range(58))
def test_a_header_is_ours_or_broken(at: int) -> None:
    header = bytearray(wav.pack(wav.Header("alaw", 1000)))
    header[at] ^= 0x41
    lengths = {*range(4, 8), *range(46, 50), *range(54, 58)}
    if at in lengths:
        assert wav.unpack(bytes(header)).law == "alaw"
    else:
        with pytest.raises(BrokenHeader):
            wav.unpack(bytes(header))


def test_a_header_that_promises_too_much_is_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "x.wav"
    file.write_bytes(recording(100)[:-51])
    assert store.info(file).octets == 148
    assert len(b"".join(store.wav_pcm16(file))) == store.wav_pcm16_size(file) == 44 + 296


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_pcm_is_what_a_stranger_decodes(tmp_path: Path, law: str) -> None:
    file = tmp_path / "x.wav"
    file.write_bytes(recording(100_000, law))
    whole = b"".join(store.wav_pcm16(file))
    pcm, rate = soundfile.read(io.BytesIO(whole), dtype="int16")
    assert rate == 8000 and len(whole) == store.wav_pcm16_size(file)
    assert np.array_equal(pcm, soundfile.read(file, dtype="int16")[0])


_FILE = recording(70_000)


@given(start=st.integers(0, 300), length=st.integers(0, 300), near_end=st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_range_is_that_part_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, near_end: bool
) -> None:
    file = tmp_path_factory.getbasetemp() / "range.wav"
    if not file.exists():
        file.write_bytes(_FILE)
    size = store.wav_pcm16_size(file)
    if near_end:
        start = size - start
    whole = b"".join(store.wav_pcm16(file))
    assert b"".join(store.wav_pcm16(file, start, start + length)) == whole[start : start + length]
    assert b"".join(store.wav_pcm16(file, start)) == whole[start:]


def test_playing_is_done_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "x.wav"
    file.write_bytes(recording(1_000_000))
    sizes = [len(piece) for piece in store.wav_pcm16(file, 1_000_001)]
    assert sum(sizes) == store.wav_pcm16_size(file) - 1_000_001
    assert max(sizes) <= 2**18


@pytest.mark.parametrize("frames", [0, 1, 7, 999, 1000, 1001, 65_536, 200_003])
@pytest.mark.parametrize("points", [1, 3, 1000])
def test_the_waveform_has_the_peak_of_each_stretch(
    tmp_path: Path, frames: int, points: int
) -> None:
    file = tmp_path / "x.wav"
    file.write_bytes(recording(frames, seed=frames))
    drawn = store.waveform(file, points)
    assert drawn.duration_ms == frames // 8
    if not frames:
        assert drawn.left == drawn.right == []
        return
    pcm = np.abs(soundfile.read(file, dtype="int16")[0].astype(float)) / 32768
    bucket = -(-frames // points)
    want = np.array([pcm[n : n + bucket].max(axis=0) for n in range(0, frames, bucket)])
    assert drawn.left == pytest.approx(want[:, 0].tolist(), abs=1e-4)
    assert drawn.right == pytest.approx(want[:, 1].tolist(), abs=1e-4)
    assert len(drawn.left) <= points


@pytest.mark.parametrize("points", [0, -1, 10_001])
def test_waveforms_have_bounds(tmp_path: Path, points: int) -> None:
    with pytest.raises(ValueError, match="points"):
        store.waveform(tmp_path / "x.wav", points)


def test_mending_keeps_the_mode(tmp_path: Path) -> None:
    file = tmp_path / "x.wav"
    file.write_bytes(recording(10))
    file.chmod(0o600)
    store.rebuild(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
