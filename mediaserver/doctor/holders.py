"""Who holds a TCP or UDP port, from /proc: no privilege needed for one's own processes."""

from __future__ import annotations

import contextlib
from pathlib import Path

#: The kernel's number for a socket that waits for others.
_WAITS = {"tcp": "0A", "udp": "07"}


def holder_of(port: int, proc: Path = Path("/proc"), kind: str = "tcp") -> str:
    """ "process NAME (pid N)" for the one that listens on `port`; "" when it cannot be seen."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port, proc, kind)}
    if not sockets:
        return ""
    for process in proc.glob("[0-9]*"):
        # Processes end while one looks, and those of others may not be looked at.
        with contextlib.suppress(OSError):
            for link in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(link.readlink()) in sockets:
                        return f"{_name(process)} (pid {process.name})"
    return ""


def _listening(port: int, proc: Path, kind: str) -> set[str]:
    """Inodes of the sockets that listen on `port`."""
    inodes = set()
    for table in (kind, f"{kind}6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _WAITS[kind] and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    inodes.add(fields[9])
    return inodes


def _name(process: Path) -> str:
    words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    shown = " ".join(word for word in words[:4] if word)
    return "".join(c if c.isprintable() else "?" for c in shown)[:80] or "a process"
