"""Fax modems: bits as a line signal with its training, and such a signal as bits again.

What: V.27ter, V.29 and V.17 of libspandsp, a whole signal at a time, as a test of a line needs it.
How: bits are packed into octets, the most significant first. Reading tells whether the modem
trained, its bits from training to the carrier's end, and how clean the points were.
Limits: one direction; V.17 with its long training. Bits after the last whole octet are left out.
Source: V.27ter, V.29, V.17; training as in T.30 5.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fax._modem import ffi, lib

Samples = npt.NDArray[np.int16]

#: By modem: its number, and the rates it has, bit/s, the highest first.
_MODEMS = {
    "v27ter": (lib.MODEM_V27TER, (4800, 2400)),
    "v29": (lib.MODEM_V29, (9600, 7200)),
    "v17": (lib.MODEM_V17, (14_400, 12_000, 9600, 7200)),
}
MODEMS = tuple(_MODEMS)
TRAINING_S = 2.0  # more than the longest
SAMPLE_RATE = 8000


def rates(modem: str) -> tuple[int, ...]:
    """What a modem has, bit/s, the highest first. Raises ValueError for no modem."""
    if modem not in _MODEMS:
        raise ValueError(f"modem {modem!r}: {', '.join(MODEMS)} is allowed")
    return _MODEMS[modem][1]


def _number(modem: str, rate: int) -> int:
    allowed = rates(modem)
    if rate not in allowed:
        words = ", ".join(map(str, allowed))
        raise ValueError(f"{modem} at {rate} bit/s: {words} is allowed")
    return int(_MODEMS[modem][0])


def signal(modem: str, rate: int, octets: bytes, level_dbm0: float = -13.0) -> Samples:
    """int16 (n,) at 8000 Hz: training, the octets' bits, the modem's end. Raises ValueError."""
    number = _number(modem, rate)
    room = int((len(octets) * 8 / rate + TRAINING_S) * SAMPLE_RATE)
    out = np.zeros(room, np.int16)
    place = ffi.from_buffer("int16_t[]", out, require_writable=True)
    count = lib.modem_make(number, rate, level_dbm0, octets, len(octets) * 8, place, room)
    if count < 0:
        raise MemoryError(f"no modem {modem}")
    return out[:count]


@dataclass(frozen=True, slots=True)
class Read:
    """What a modem made of a signal.

    carrier : it saw one and tried to train; trained : it did; octets : its bits after that
    carrier_hz, snr_db : of the trained signal, else 0
    """

    carrier: bool
    trained: bool
    octets: bytes
    carrier_hz: float
    snr_db: float


def read(
    modem: str, rate: int, samples: Samples, most: int = 1 << 20, *, cutoff_dbm0: float = -43.0
) -> Read:
    """int16 (n,) at 8000 Hz as bits, up to `most` octets of them. Raises ValueError.

    cutoff_dbm0 : what is quieter is no carrier
    """
    number = _number(modem, rate)
    pcm = np.ascontiguousarray(samples, np.int16)
    room = 8 * min(most, int(len(pcm) / SAMPLE_RATE * rate) // 8 + 1)
    bits = np.zeros(room // 8 + 1, np.uint8)
    found = ffi.new("modem_found *")
    lib.modem_read(
        number,
        rate,
        cutoff_dbm0,
        ffi.from_buffer("int16_t[]", pcm),
        len(pcm),
        ffi.from_buffer("uint8_t[]", bits, require_writable=True),
        room,
        found,
    )
    return Read(
        carrier=found.trained != 0,
        trained=found.trained == 1,
        octets=bits[: found.bits // 8].tobytes(),
        carrier_hz=found.carrier_hz,
        snr_db=found.snr_db,
    )
