"""What DAHDI tells of a span in /proc/dahdi alone: its echo cancellers, slips, who gives the clock.

Source: the file's text, as dahdi_seq_show of DAHDI 2.11 writes it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc/dahdi")
_MASTER = "(MASTER)"
_SLIPS = re.compile(r"^\tTiming slips: (\d+)$", re.MULTILINE)
_CANCELLER = re.compile(r"\(EC: (.+?) - (ACTIVE|INACTIVE)\)")


@dataclass(frozen=True, slots=True)
class ProcSpan:
    """master : whether all of DAHDI ticks by this span

    slips : of its clock against that of the line
    cancellers : channels by the name of their canceller, a card's own or the kernel's
    cancelling : on how many of them it is at work
    """

    master: bool = False
    slips: int = 0
    cancellers: Counter[str] = field(default_factory=Counter)
    cancelling: int = 0


def read(span: int, proc: Path = PROC) -> ProcSpan | None:
    """None where DAHDI does not tell: it has no such span, or the kernel no /proc/dahdi."""
    try:
        text = (proc / str(span)).read_text(errors="replace")
    except OSError:
        return None
    found = _CANCELLER.findall(text)
    slips = _SLIPS.search(text)
    return ProcSpan(
        master=_MASTER in text.split("\n", 1)[0].rpartition('"')[2],  # behind its description
        slips=int(slips[1]) if slips else 0,
        cancellers=Counter(name for name, _state in found),
        cancelling=sum(state == "ACTIVE" for _name, state in found),
    )
