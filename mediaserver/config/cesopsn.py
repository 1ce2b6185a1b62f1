"""An E1 over IP (CESoPSN, RFC 5086), as the configuration file tells it."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from mediaserver.config.part import Part

_ADDRESS = re.compile(r"(?:(?P<v4>[0-9.]+):|\[(?P<v6>[0-9A-Fa-f:.]+)\]:)?(?P<port>[0-9]{1,5})")
_SLOTS = re.compile(r"[0-9]{1,2}(-[0-9]{1,2})?")
_D_SLOT = 16
LOOPBACK = "127.0.0.1"


def address(text: str) -> tuple[str, int]:
    """ "192.0.2.7:40001", "[2001:db8::7]:40001", or "40001" on loopback. Raises ValueError."""
    match = _ADDRESS.fullmatch(text)
    if match is None or not 1 <= int(match["port"]) <= 65535:
        raise ValueError('must be ADDRESS:PORT as in "192.0.2.7:40001", or a PORT of this machine')
    host = match["v4"] or match["v6"] or LOOPBACK
    try:
        return str(ipaddress.ip_address(host)), int(match["port"])
    except ValueError:
        raise ValueError(f"{host} is no IP address") from None


def timeslots(text: str) -> tuple[int, ...]:
    """ "1-15,17-31" as numbers. Raises ValueError."""
    numbers: list[int] = []
    for part in text.replace(" ", "").split(","):
        if not _SLOTS.fullmatch(part):
            raise ValueError('must be time slots, as in "1-31" or "1-15,17-31"')
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    if not numbers or numbers != sorted(set(numbers)) or not 1 <= numbers[0] <= numbers[-1] <= 31:
        raise ValueError("must be rising time slots from 1 to 31")
    return tuple(numbers)


class OverIp(Part):
    """What a span of a board of type "cesopsn" has besides. Both ends must be set alike, but for

    `local` and `remote`, `jitter_ms` and `clock`.
    """

    local: str = ""  # where we listen
    remote: str = ""  # the far end; packets of others are dropped
    timeslots: str = ""  # "": all, or with mfcr2 and em all but 16
    packet_ms: int = Field(default=5, ge=1, le=8)
    rtp: bool = False
    #: A packet waits for its turn, at least and at most; without it: a block or a packet, and 200.
    jitter_ms: Annotated[tuple[float, float], Field(strict=False)] | None = None
    clock: Literal["own", "line"] = "own"  # "line": the far end's clock is the engine's
    far: bool = False  # the far end is this machine's too, for the demo and the lab

    @field_validator("local", "remote")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        if text:
            address(text)
        return text

    @field_validator("timeslots")
    @classmethod
    def _are_timeslots(cls, text: str) -> str:
        if text:
            timeslots(text)
        return text

    @field_validator("jitter_ms")
    @classmethod
    def _from_least_to_most(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not 0 <= value[0] <= value[1] <= 500:
            raise ValueError("must be the least and the most a packet waits, 0 to 500 ms")
        return value

    @model_validator(mode="after")
    def _both_ends_are_told(self) -> OverIp:
        given = [n for n, f in OverIp.model_fields.items() if getattr(self, n) != f.default]
        if given and not (self.local and self.remote):
            raise ValueError("a span over IP needs local and remote")
        return self

    @property
    def over_ip(self) -> bool:
        return bool(self.local)

    def carried(self, signalling: str) -> tuple[int, ...]:
        """The time slots in packets. Raises ValueError where the signalling has no place."""
        cas = signalling in ("mfcr2", "em")
        found = timeslots(self.timeslots or ("1-15,17-31" if cas else "1-31"))
        if cas and _D_SLOT in found:
            raise ValueError("signalling bits travel beside the time slots: 16 is not one of them")
        if cas and self.packet_ms > 2:
            raise ValueError(
                "with signalling bits packet_ms is 1 or 2, a multiframe or half of one"
            )
        if not cas and (_D_SLOT not in found or len(found) < 2):
            raise ValueError("PRI needs time slot 16 for its D channel, and others for calls")
        return found
