"""A process that writes until it is killed, and prints each write once it is durable.

python -m tests.db.writer_process URL JOURNAL
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mediaserver.db.store import Store
from tests.db.rows import call, story


async def main(url: str, journal: str) -> None:
    store = Store(url, Path(journal), 1.0)
    await store.start()
    number = 0
    while True:
        batch = range(number, number + 4)
        writes = [store.write([call(f"c{n:06}", talk_ms=n), story(f"c{n:06}", 0)]) for n in batch]
        for n, done in zip(batch, writes, strict=True):
            await done
            sys.stdout.write(f"{n}\n")
            sys.stdout.flush()
        number += 4


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
