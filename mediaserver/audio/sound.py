"""Reads a recording into linear samples at 8 kHz, side by side, and says exactly what is wrong.

What: WAV (RIFF or RF64) of A-law, µ-law, PCM or floating samples, any rate of 4 to 192 kHz, up to
32 channels. How: the chunks are walked first, so that a file that was cut short is told with the
octet where it ends; libsndfile decodes; a polyphase filter (SciPy) brings the rate to 8 kHz.
Limits: six hours.
Source: Multimedia Programming Interface and Data Specifications 1.0 (1991); EBU Tech 3306 (RF64).
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import resample_poly

from dsp_ext.units import FULL_SCALE, SAMPLE_RATE, dbm0, dbm0_of

LOWEST_HZ, HIGHEST_HZ = 4000, 192_000
MOST_CHANNELS = 32
LONGEST_S = 6 * 3600
SIDES = {1: ("",), 2: ("left", "right")}

Pcm = npt.NDArray[np.float32]


class NotHeard(ValueError):
    """A file that cannot be listened to: names it, what is wrong and where."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording.

    pcm : float32 of shape (samples, sides), linear ±32768, 8000 Hz
    sides : "" of a mono file; left, right; or the channel's number
    rate, encoding : of the file, as in "ALAW"
    """

    file: str
    pcm: Pcm
    sides: tuple[str, ...]
    rate: int
    encoding: str

    @property
    def seconds(self) -> float:
        return len(self.pcm) / SAMPLE_RATE

    def levels(self) -> list[tuple[str, float, float]]:
        """(side, level, peak) in dBm0, the peak as that of a sine which reaches it."""
        return [
            (side, dbm0_of(self.pcm[:, k]), dbm0(float(np.abs(self.pcm[:, k]).max(initial=0))))
            for k, side in enumerate(self.sides)
        ]


def read(path: Path) -> Sound:
    """The recording in `path`.  Raises NotHeard, OSError."""
    with path.open("rb") as file:
        _walk(file, str(path))
    try:
        with soundfile.SoundFile(path) as sound:
            _check(sound, str(path))
            rate, encoding = sound.samplerate, sound.subtype
            values = sound.read(dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise NotHeard(f"{path}: no WAV that can be decoded ({error.error_string})") from None
    if not np.isfinite(values).all():
        at = int(np.argmax(~np.isfinite(values).all(axis=1)))
        raise NotHeard(f"{path}: sample {at} is no number (NaN or infinity)")
    pcm = _resampled(values * np.float32(FULL_SCALE), rate)
    channels = pcm.shape[1]
    sides = SIDES.get(channels) or tuple(str(k) for k in range(1, channels + 1))
    return Sound(str(path), np.ascontiguousarray(pcm), sides, rate, encoding)


def _resampled(values: Pcm, rate: int) -> Pcm:
    if rate == SAMPLE_RATE:
        return values
    common = math.gcd(rate, SAMPLE_RATE)
    out: Pcm = resample_poly(values, SAMPLE_RATE // common, rate // common, axis=0)
    return out.astype(np.float32, copy=False)


def _check(sound: soundfile.SoundFile, file: str) -> None:
    if not LOWEST_HZ <= sound.samplerate <= HIGHEST_HZ:
        allowed = f"{LOWEST_HZ} to {HIGHEST_HZ} are read"
        raise NotHeard(f"{file}: sample rate {sound.samplerate} Hz; {allowed}")
    if sound.channels > MOST_CHANNELS:
        raise NotHeard(f"{file}: {sound.channels} channels; up to {MOST_CHANNELS} are read")
    if sound.frames == 0:
        raise NotHeard(f"{file}: holds no sound (0 samples)")
    if sound.frames > LONGEST_S * sound.samplerate:
        hours = sound.frames / sound.samplerate / 3600
        raise NotHeard(f"{file}: {hours:.1f} hours; up to {LONGEST_S // 3600} are read")


def _walk(file: BinaryIO, name: str) -> None:
    """Follow the chunks to the end of the sound: all that is promised must be there."""
    end = file.seek(0, 2)
    file.seek(0)
    head = file.read(12)
    if not head:
        raise NotHeard(f"{name}: the file is empty")
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        raise NotHeard(f"{name}: not a WAV file: it begins with {_shown(head)}, not RIFF … WAVE")
    at, formats = 12, False
    while at + 8 <= end:
        file.seek(at)
        kind, size = struct.unpack("<4sI", file.read(8))
        at += 8
        if kind == b"data":
            _check_data(name, at, size, end, formats, head[:4] == b"RF64")
            return
        if at + size > end:
            there = f"{size} octets are promised, {end - at} are there"
            raise NotHeard(f"{name}: cut short in chunk {_shown(kind)} at octet {at}: {there}")
        formats |= kind == b"fmt "
        at += size + (size & 1)
    raise NotHeard(f"{name}: cut short: it ends at octet {end} without a data chunk")


def _check_data(name: str, at: int, size: int, end: int, formats: bool, is_64: bool) -> None:
    if not formats:
        raise NotHeard(f"{name}: the data chunk at octet {at - 8} comes before any fmt chunk")
    if is_64 and size == 0xFFFFFFFF:
        return  # the length is in another chunk, which libsndfile reads
    if at + size > end:
        there = f"the sound is {size} octets by its header, {end - at} are there"
        raise NotHeard(f"{name}: cut short at octet {end}: {there}")


def _shown(octets: bytes) -> str:
    """Octets as text where they are, else as numbers."""
    if octets and all(32 <= octet < 127 for octet in octets):
        return repr(octets.decode("ascii"))
    return octets.hex(" ") or "nothing"
