"""Sound kept between starts: int16 arrays in files named by what they were made from.

What: `key` hashes content and the way it was processed, so a changed file is a
new key and nothing needs to be invalidated. A cache that cannot be written or
read costs time, never sound. Arrays are read into memory, not mapped: the tick
must never wait for a disk because a page was not there.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mediaserver.media.prompt import Samples

log = logging.getLogger(__name__)


def key(*parts: bytes | str) -> str:
    """A name for what is made of `parts`."""
    digest = hashlib.blake2b(digest_size=20)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


class SoundCache:
    """One directory of `.npy` files; any thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.made = 0  # how often something had to be computed

    def get(self, name: str, make: Callable[[], Samples]) -> Samples:
        """What is kept under `name`, or what `make` gives, kept from now on."""
        path = self._directory / f"{name}.npy"
        kept = self._read(path)
        if kept is not None:
            return kept
        self.made += 1
        samples = make()
        self._write(path, samples)
        return samples

    def _read(self, path: Path) -> Samples | None:
        try:
            samples = np.load(path, allow_pickle=False)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, EOFError) as error:
            log.warning("sound cache: %s: %s; made anew", path, error)
            return None
        if samples.dtype != np.int16 or samples.ndim != 1:
            log.warning("sound cache: %s: not sound for the line; made anew", path)
            return None
        return np.asarray(samples)

    def _write(self, path: Path, samples: Samples) -> None:
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._directory, delete=False) as file:
                temporary = Path(file.name)
                try:
                    np.save(file, samples, allow_pickle=False)
                except OSError:
                    temporary.unlink()
                    raise
            temporary.replace(path)
        except OSError as error:
            log.warning("sound cache: %s: %s", path, error)
