"""Recordings on disk, for whoever lists, draws, plays or mends them.

What: opens a file strictly beneath the root, reads a recording's header, draws
its waveform, and gives it as 16-bit PCM from any octet on (HTTP Range). No
control-plane imports: the console uses this room too.
Limits: everything streams; a recording of four hours takes no more memory than
one of a minute.
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

import dsp_ext.g711 as g711
from mediaserver.recording import wav
from mediaserver.recording.wav import BrokenHeader

__all__ = [
    "BrokenHeader",
    "Info",
    "UnsafePath",
    "Waveform",
    "info",
    "open_beneath",
    "rebuild",
    "waveform",
    "wav_pcm16",
    "wav_pcm16_size",
]

Source = BinaryIO | Path | str
_BLOCK = 65_536  # frames read at a time
_PCM_HEADER = 44


class UnsafePath(ValueError):
    """A path that is not plainly beneath the root."""


@dataclass(frozen=True, slots=True)
class Info:
    """What a recording's header says, as far as the file bears it out."""

    law: str
    octets: int  # of sound, both directions
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Waveform:
    """Peaks of each direction, 0 … 1, `points` of each or fewer."""

    duration_ms: int
    left: list[float]
    right: list[float]


def open_beneath(root: Path | str, relative: str) -> BinaryIO:
    """Open root/relative for reading, following no link on the way below `root`.

    Raises UnsafePath for absolute paths, "..", and anything that is no regular
    file in a real directory; FileNotFoundError if there is none.
    """
    parts = PurePosixPath(relative).parts
    if not parts or "\0" in relative or relative.startswith("/") or ".." in parts:
        raise UnsafePath(f"{relative!r} is not a path beneath the recordings")
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, flags | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = below
        found = os.open(parts[-1], flags, dir_fd=at)
    except FileNotFoundError:
        raise
    except OSError as error:  # ELOOP, ENOTDIR, ENXIO
        raise UnsafePath(f"{relative!r}: {error.strerror}") from None
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise UnsafePath(f"{relative!r} is not a file")
    return os.fdopen(found, "rb")


def info(source: Source) -> Info:
    """What is in a recording, also while it is being written. Raises BrokenHeader."""
    with _opened(source) as file:
        file.seek(0)
        header = wav.unpack(file.read(wav.HEADER_OCTETS))
        there = os.fstat(file.fileno()).st_size - wav.HEADER_OCTETS
        octets = min(header.octets, there)
        octets -= octets % wav.CHANNELS
        return Info(header.law, octets, wav.duration_ms(octets))


def rebuild(path: Path | str, law: str = "alaw") -> Info:
    """Make the header say what the file really holds; fsync'd.

    For files whose writer was killed. `law` counts only if the header itself was
    lost. Raises OSError.
    """
    with Path(path).open("r+b") as file:
        with contextlib.suppress(BrokenHeader):
            law = wav.unpack(file.read(wav.HEADER_OCTETS)).law
        octets = max(0, os.fstat(file.fileno()).st_size - wav.HEADER_OCTETS)
        octets -= octets % wav.CHANNELS
        file.truncate(wav.HEADER_OCTETS + octets)
        file.seek(0)
        file.write(wav.pack(wav.Header(law, octets)))
        file.flush()
        os.fsync(file.fileno())
    return Info(law, octets, wav.duration_ms(octets))


def waveform(source: Source, points: int = 1000) -> Waveform:
    """Peaks for drawing. Raises BrokenHeader; ValueError unless 1 ≤ points ≤ 10,000."""
    if not 1 <= points <= 10_000:
        raise ValueError(f"{points} points; 1 to 10000 are allowed")
    with _opened(source) as file:
        what = info(file)
        frames = what.octets // wav.CHANNELS
        bucket = max(1, -(-frames // points))
        peaks = np.zeros((-(-frames // bucket), wav.CHANNELS), np.float32)
        loudness = np.abs(_table(what.law).astype(np.float32)) / 32768
        done = 0
        for octets in _sound(file, 0, what.octets):
            block = loudness[octets.reshape(-1, wav.CHANNELS)]
            first, last = done // bucket, (done + len(block) - 1) // bucket
            starts = np.maximum(np.arange(first, last + 1) * bucket - done, 0)
            found = np.maximum.reduceat(block, starts, axis=0)
            np.maximum(peaks[first : last + 1], found, out=peaks[first : last + 1])
            done += len(block)
    left, right = (np.round(peaks[:, side], 4).tolist() for side in range(wav.CHANNELS))
    return Waveform(what.duration_ms, left, right)


def wav_pcm16_size(source: Source) -> int:
    """Octets of the file that `wav_pcm16` gives. Raises BrokenHeader."""
    return _PCM_HEADER + 2 * info(source).octets


def wav_pcm16(source: Source, start: int = 0, end: int | None = None) -> Iterator[bytes]:
    """The recording as a 16-bit PCM stereo WAV: its octets [start, end), piece by piece.

    Raises BrokenHeader at the first step.
    """
    with _opened(source) as file:
        what = info(file)
        size = _PCM_HEADER + 2 * what.octets
        end = size if end is None else min(end, size)
        if start < min(end, _PCM_HEADER):
            yield _pcm_header(what.octets)[start:end]
        first = max(start, _PCM_HEADER) - _PCM_HEADER
        rest = end - _PCM_HEADER - first
        skip = first % 2
        table = _table(what.law).astype("<i2")
        for octets in _sound(file, first // 2, what.octets):
            if rest <= 0:
                return
            piece = table[octets].tobytes()[skip : skip + rest]
            yield piece
            rest -= len(piece)
            skip = 0


def _sound(file: BinaryIO, start: int, end: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Octets [start, end) of the sound, in blocks of whole frames if `start` is even."""
    file.seek(wav.HEADER_OCTETS + start)
    while start < end:
        data = file.read(min(_BLOCK * wav.CHANNELS, end - start))
        if not data:
            return
        start += len(data)
        yield np.frombuffer(data, np.uint8)


def _pcm_header(octets: int) -> bytes:
    """RIFF WAVE, PCM: two octets of sound for each one in the recording."""
    block = 2 * wav.CHANNELS
    form = (b"fmt ", 16, 1, wav.CHANNELS, wav.RATE, wav.RATE * block, block, 16)
    riff = (b"RIFF", _PCM_HEADER - 8 + 2 * octets, b"WAVE")
    return struct.pack("<4sI4s 4sIHHIIHH 4sI", *riff, *form, b"data", 2 * octets)


@cache
def _table(law: str) -> npt.NDArray[np.int16]:
    """Sample of each octet."""
    decode = g711.alaw_decode if law == "alaw" else g711.ulaw_decode
    return np.asarray(decode(np.arange(256, dtype=np.uint8)), np.int16)


@contextlib.contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    """A path is opened and closed; an open file is left open."""
    if isinstance(source, Path | str):
        with Path(source).open("rb") as file:
            yield file
    else:
        yield source
