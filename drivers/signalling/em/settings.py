"""What an E&M trunk does, and how long it waits for what.

Source: wink start as in ANSI T1.403 practice (a wink of 140 to 290 ms, at least 100 ms after the
seizure, digits 70 ms and more after it); bits as DAHDI's E&M on E1 has them. The times are
practice: to be set to the far exchange's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STARTS = ("immediate", "wink")


@dataclass(frozen=True, slots=True)
class EmSettings:
    """Times in ms.

    start : "wink": the far end says by a wink when it can take the number; "immediate": it always
        can, `start_delay_ms` after the seizure
    yields : of two calls that meet on a circuit ours gives way; the far end's must then hold
    digits : length of the number we are called with; 0: it ends with a pause of `pause_ms`
    on_hook, off_hook : the bits we send, ABCD; of those received A alone counts
    """

    start: str = "wink"
    yields: bool = True
    digits: int = 0
    on_hook: int = 0b0001
    off_hook: int = 0b1001
    steady_ms: int = 20  # bits that stand for less are hits
    start_delay_ms: int = 200
    wink_delay_ms: int = 150
    wink_ms: int = 200
    wink_least_ms: int = 90
    wink_most_ms: int = 350
    glare_ms: int = 600  # off hook so long where a wink was due: the far end has seized as well
    wink_wait_ms: int = 5000
    after_wink_ms: int = 100
    key_ms: tuple[int, int] = (80, 80)
    first_digit_ms: int = 8000
    pause_ms: int = 2000
    guard_ms: int = 500
    stuck_ms: int = 30_000  # cleared by us and still off hook there: out of service

    @classmethod
    def of(cls, *, on_hook: str = "0001", off_hook: str = "1001", **options: Any) -> EmSettings:
        """`on_hook` and `off_hook` as text. Raises ValueError for what cannot be."""
        made = cls(on_hook=_bits(on_hook), off_hook=_bits(off_hook), **options)
        if made.start not in STARTS:
            raise ValueError(f"start is {made.start!r}; it can be {', '.join(STARTS)}")
        if made.on_hook & 8 or not made.off_hook & 8:
            raise ValueError("bit A is 0 on hook and 1 off hook")
        if not made.wink_least_ms <= made.wink_ms <= made.wink_most_ms < made.glare_ms:
            raise ValueError("the wink we send must be one, and shorter than glare_ms")
        return made


def _bits(text: str) -> int:
    if len(text) != 4 or text.strip("01"):
        raise ValueError(f"bits are four of 0 and 1, not {text!r}")
    return int(text, 2)
