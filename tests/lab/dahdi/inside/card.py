"""The lab's cards (../card): loaded, plugged in and set up for a test, and gone after it.

What is on the wires is set through debugfs: `put("e1/inside/span1/bpv", 3)`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEBUGFS = Path("/sys/kernel/debug")
ROOT = DEBUGFS / "labcard"
MODULES = Path(os.environ.get("LAB_MODULES", ""))
TOOL = Path(os.environ.get("LAB_TOOLS", "")) / "usr/sbin/dahdi_cfg"
AUTO = Path("/sys/module/dahdi/parameters/auto_assign_spans")
#: Card → its spans, and the first channel of each: beyond all of ../system.conf.
SPANS = {"e1": {21: 401, 22: 432}, "analog": {23: 463}}
NEAR, FAR = SPANS["e1"]
(PORTS,) = SPANS["analog"]
RECOVER, LOOPBACK, YELLOW, RED, BLUE, NOTOPEN = (1 << bit for bit in range(6))
LOS, LFA, LMFA = (1 << bit for bit in (8, 9, 10))


def put(name: str, value: int) -> None:
    (ROOT / name).write_text(f"{value}\n")


def get(name: str) -> int:
    return int((ROOT / name).read_text())


@contextmanager
def loaded() -> Iterator[None]:
    """The cards' driver; nothing is plugged in yet."""
    if not (DEBUGFS / "bdi").exists():
        _run("busybox", "mount", "-t", "debugfs", "debugfs", str(DEBUGFS))
    _run("busybox", "insmod", str(MODULES / "labcard.ko"))
    try:
        yield
    finally:
        _run("busybox", "rmmod", "labcard")


@contextmanager
def plugged(card: str) -> Iterator[None]:
    """A card in its slot; without set-up."""
    plug(card)
    try:
        yield
    finally:
        pull(card)


def plug(card: str) -> None:
    """Its spans get their numbers from us, as on a machine where a file assigns them."""
    AUTO.write_text("0")
    try:
        put(f"{card}/plugged", 1)
        door = Path(f"/sys/bus/dahdi_devices/devices/labcard:{card}/assign_span")
        for place, (span, first) in enumerate(SPANS[card].items(), 1):
            door.write_text(f"{place}:{span}:{first}")
    finally:
        AUTO.write_text("1")


def pull(card: str) -> None:
    put(f"{card}/plugged", 0)


def set_up(directory: Path, text: str) -> None:
    """What dahdi_cfg does with a system.conf of these lines."""
    file = directory / "system.conf"
    file.write_text(text)
    _run(str(TOOL), "-c", str(file))


def e1(coding: str = "ccs", *, hdlc: str = "dchan") -> str:
    """Lines of a system.conf for the spans of the E1 card, of which the first gives the clock.

    coding : "ccs" or "cas"; hdlc : who does the D channel's, "dchan" DAHDI, "hardhdlc" the card"""
    lines = []
    for (span, first), order in zip(SPANS["e1"].items(), (1, 0), strict=True):
        voice = f"{first}-{first + 14},{first + 16}-{first + 30}"
        lines.append(f"span={span},{order},0,{coding},hdb3,crc4")
        if coding == "ccs":
            lines += [f"bchan={voice}", f"{hdlc}={first + 15}"]
        else:
            lines.append(f"cas={voice}:1101")
        lines.append(f"alaw={voice}")
    return "\n".join([*lines, ""])


def analog() -> str:
    """Lines of a system.conf for the analog card: two FXS ports, two FXO ports."""
    first = SPANS["analog"][PORTS]
    ports = f"fxoks={first}-{first + 1}\nfxsks={first + 2}-{first + 3}\n"
    return f"{ports}alaw={first}-{first + 3}\n"


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
