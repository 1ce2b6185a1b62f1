"""Caller ID on a line as the control plane hears and sends it: FSK messages in band.

What: `CallerIdEvent` is a message that was heard, with what it says or why that cannot be said;
`sound` is a message as it goes out on a line.
Source: GR-30 and EN 300 659-1 for seizure, mark and levels; dsp_ext.callerid for the octets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp_ext.callerid import CallerId, CallerIdError, decode
from dsp_ext.fsk_send import CallerIdSender

_CHUNK = 800  # samples
_FULL_SCALE = 32767


@dataclass(frozen=True, slots=True)
class CallerIdEvent:
    """A message that ended, or (not `good`) broke off or has a wrong checksum.

    octets : from type to checksum, as far as they came
    caller : what they say; None when they are not good, or say nothing that can be read
    at_ms : media time of its end
    level_dbm0 : of the louder tone; twist_db: positive when space, the higher one, is the stronger
    """

    octets: bytes
    good: bool
    caller: CallerId | None
    at_ms: int
    level_dbm0: float
    twist_db: float


OnCallerId = Callable[[CallerIdEvent], None]


def caller_of(octets: bytes, good: bool) -> CallerId | None:
    """What a message says: None when it is not good or its parameters do not fit."""
    try:
        return decode(octets) if good else None
    except CallerIdError:
        return None


def sound(
    octets: bytes, modem: str, *, level_dbm0: float, seizure_bits: int, mark_bits: int
) -> NDArray[np.int16]:
    """A message as int16 samples of shape (n,), 8000 Hz.

    Raises ValueError for another modem, no octets or more than 258, or what is too loud or long.
    """
    sender = CallerIdSender(1, modem)
    sender.send(0, octets, level_dbm0=level_dbm0, seizure_bits=seizure_bits, mark_bits=mark_bits)
    chunks: list[NDArray[np.float32]] = []
    while sender.active(0):
        chunks.append(sender.process(_CHUNK)[:, 0])
    whole: NDArray[np.float32] = np.rint(np.concatenate(chunks))
    return np.clip(whole, -_FULL_SCALE, _FULL_SCALE).astype(np.int16)
