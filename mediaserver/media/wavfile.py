"""Reads any WAV into sound for the line: 8 kHz, one channel, int16.

What: libsndfile decodes, a polyphase filter (SciPy) brings the rate to 8 kHz,
channels are averaged. Limits: 8 to 48 kHz, one or two channels, at most
`longest_s`. A file cut short is refused: libsndfile would play what is left of
it without a word.
"""

from __future__ import annotations

import io
import math
import struct

import numpy as np
import soundfile
from scipy.signal import resample_poly

from mediaserver.media.errors import PromptBroken
from mediaserver.media.prompt import RATE, Samples

LONGEST_S = 600


def decode(content: bytes, file: str, longest_s: int = LONGEST_S) -> Samples:
    """The sound in a WAV file's `content`: int16 ndarray of shape (n,), 8 kHz.

    Raises PromptBroken naming `file` and what is wrong with it.
    """
    _check_complete(content, file)
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as sound:
            _check_shape(sound, file, longest_s)
            rate = sound.samplerate
            pcm = sound.read(dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise PromptBroken(file, f"not a WAV this library can read ({error})") from None
    return to_line(pcm.mean(axis=1), rate)


def to_line(pcm: np.ndarray, rate: int) -> Samples:
    """`pcm`: float32 ndarray of shape (n,), ±1, at `rate` Hz -> int16, 8 kHz, clipped."""
    if rate != RATE:
        common = math.gcd(rate, RATE)
        pcm = resample_poly(pcm, RATE // common, rate // common)
    return np.clip(np.rint(pcm * 32768.0), -32768, 32767).astype(np.int16)


def _check_shape(sound: soundfile.SoundFile, file: str, longest_s: int) -> None:
    if sound.frames == 0:
        raise PromptBroken(file, "holds no sound (0 samples)")
    if not RATE <= sound.samplerate <= 48_000:
        raise PromptBroken(file, f"sample rate {sound.samplerate} Hz; 8000 to 48000 are allowed")
    if sound.channels > 2:
        raise PromptBroken(file, f"{sound.channels} channels; one or two are allowed")
    seconds = sound.frames / sound.samplerate
    if seconds > longest_s:
        raise PromptBroken(file, f"{seconds:.0f} s long; at most {longest_s} s are allowed")


def _check_complete(content: bytes, file: str) -> None:
    """Walk the RIFF chunks: there must be sound, all of it (EA IFF 85; RIFF, 1991)."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise PromptBroken(file, "not a WAV file" if content else "the file is empty")
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        at += 8
        if name == b"data":
            if at + size > len(content):
                have = len(content) - at
                raise PromptBroken(file, f"cut short: {size} octets promised, {have} there")
            return
        at += size + (size & 1)
    raise PromptBroken(file, "cut short: no sound chunk")
