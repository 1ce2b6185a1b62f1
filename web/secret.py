"""The key that signs sessions: made once, kept in a file only its owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_OCTETS = 32


def secret_key(path: Path) -> bytes:
    """The key in `path`, made if there is none. Two starting at once agree on one.

    Raises OSError when it can neither be read nor made, ValueError when it is too short."""
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(fresh, flags, 0o600), "w") as file:
        file.write(secrets.token_hex(_OCTETS))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # unlike a rename, never replaces another's
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return _read(path)


def _read(path: Path) -> bytes:
    key = path.read_bytes().strip()
    if len(key) < _OCTETS:
        raise ValueError(f"{path} holds no key: remove it and a new one is made")
    return key
