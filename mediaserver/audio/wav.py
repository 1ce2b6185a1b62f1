"""Writes linear samples as a WAV file of one channel at 8 kHz: A-law, µ-law or 16-bit PCM.

The octets are the data plane's own G.711: a test tone is bit by bit what a line would carry.
Source: Multimedia Programming Interface and Data Specifications 1.0 (1991), RFC 2361.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np

from dsp_ext import g711
from dsp_ext.units import SAMPLE_RATE
from mediaserver.audio.sound import Pcm

PCM_TAG = 1
#: Law -> (format tag, octets a sample).
LAWS = {"alaw": (6, 1), "ulaw": (7, 1), "pcm": (PCM_TAG, 2)}


class Exists(FileExistsError):
    """The file is there already, and was not to be replaced."""


def octets(samples: Pcm, law: str) -> bytes:
    """The whole file.

    samples : float32 of shape (n,), linear ±32768; law : alaw, ulaw or pcm
    Raises KeyError for another law.
    """
    tag, width = LAWS[law]
    if tag == PCM_TAG:
        body = np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()
    else:
        body = g711.encode(np.ascontiguousarray(samples[:, np.newaxis]), law).tobytes()
    form = struct.pack("<HHIIHH", tag, 1, SAMPLE_RATE, SAMPLE_RATE * width, width, 8 * width)
    chunks = b""
    if tag == PCM_TAG:
        chunks += struct.pack("<4sI", b"fmt ", len(form)) + form
    else:  # formats other than PCM say how long their extension is, and how many samples there are
        chunks += struct.pack("<4sI", b"fmt ", len(form) + 2) + form + struct.pack("<H", 0)
        chunks += struct.pack("<4sII", b"fact", 4, len(samples))
    chunks += struct.pack("<4sI", b"data", len(body)) + body + b"\0" * (len(body) & 1)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks


def write(path: Path, samples: Pcm, law: str, *, replace: bool = False) -> None:
    """Write the file, whole or not at all.  Raises Exists, OSError."""
    data = octets(samples, law)
    if not replace:
        try:
            with path.open("xb") as file:
                file.write(data)
        except FileExistsError:
            raise Exists(17, "is there already", str(path)) from None
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(path)
