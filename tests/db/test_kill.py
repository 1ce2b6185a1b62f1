"""kill -9 in mid-write: what was acknowledged is in the database, whole, after the next start."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from mediaserver.db.models import CallRow, StoryRow
from mediaserver.db.store import Store


def killed_after(writes: int, url: str, journal: Path) -> int:
    """Run a writer and kill it once so many writes were acknowledged; the last of them."""
    command = [sys.executable, "-m", "tests.db.writer_process", url, str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(writes):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines()
    # The last line may be torn: an acknowledgement that was never read in full is none.
    return max([writes - 1, *(int(line) for line in rest[:-1])])


async def counted(url: str, journal: Path) -> tuple[int, int, int | None]:
    store = Store(url, journal, 5.0)
    await store.start()
    count = select(func.count())
    calls = await store.read(lambda s: s.scalar(count.select_from(CallRow)))
    stories = await store.read(lambda s: s.scalar(count.select_from(StoryRow)))
    last = await store.read(lambda s: s.scalar(select(func.max(CallRow.talk_ms))))
    await store.close()
    return calls or 0, stories or 0, last


@pytest.mark.process
@pytest.mark.parametrize("writes", [1, 30, 101])
def test_killed_while_writing_to_the_database(url: str, tmp_path: Path, writes: int) -> None:
    journal = tmp_path / "journal.jsonl"
    acknowledged = killed_after(writes, url, journal)
    calls, stories, last = asyncio.run(counted(url, journal))
    assert calls == stories == (last or 0) + 1
    assert calls > acknowledged


@pytest.mark.process
@pytest.mark.parametrize("writes", [1, 30, 101])
def test_killed_while_writing_to_the_journal(tmp_path: Path, writes: int) -> None:
    journal, home = tmp_path / "journal.jsonl", tmp_path / "home"
    url = f"sqlite:///{home}/ms.db"
    home.write_text("in the way")
    first = killed_after(writes, url, journal)
    second = killed_after(writes, url, journal)
    home.unlink()
    calls, stories, last = asyncio.run(counted(url, journal))
    assert calls == stories == (last or 0) + 1
    assert calls > max(first, second)
    assert not journal.exists()
