"""The journal alone: torn and damaged lines, full disks, an fsync that fails."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaserver.db import journal as module
from mediaserver.db.journal import Journal, JournalError, Write
from mediaserver.db.rows import from_json, to_json
from tests.db.rows import call, recording, story

WRITES: list[Write] = [
    [call("a"), story("a", 0, digits=["1"])],
    [call("a", state="closed", cause=16)],
    [call("b", caller_name="张\n三"), recording("r", "b")],
]


def drained(journal: Journal, step: int = 2) -> list[Write]:
    out: list[Write] = []
    while journal.waiting:
        out += journal.first(step)
        journal.forget()
    return out


def test_what_was_appended_comes_back_in_order_also_in_another_process(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(WRITES[:2])
    journal.append(WRITES[2:])
    journal.close()
    again = Journal(tmp_path / "j")
    assert again.waiting == 3
    again.append(WRITES[:1])
    assert drained(again) == [*WRITES, WRITES[0]]
    assert list(tmp_path.iterdir()) == []


def test_until_it_is_forgotten_it_is_given_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(WRITES)
    assert journal.first(2) == journal.first(2) == WRITES[:2]
    journal.forget()
    assert journal.waiting == 1
    assert journal.first(2) == WRITES[2:]
    assert Journal(tmp_path / "j").first(9) == WRITES  # a restart here puts back all again


def test_appending_while_it_is_put_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(WRITES[:1])
    journal.first(9)
    journal.append(WRITES[1:])
    journal.forget()
    assert drained(journal) == WRITES[1:]


@given(cut=st.integers(0, 10_000))
def test_a_file_cut_anywhere_gives_every_whole_line(tmp_path_factory: object, cut: int) -> None:
    root: Path = tmp_path_factory.mktemp("cut")  # type: ignore[attr-defined]
    journal = Journal(root / "j")
    journal.append(WRITES)
    journal.close()
    data = (root / "j").read_bytes()
    cut %= len(data) + 1
    (root / "j").write_bytes(data[:cut])
    again = Journal(root / "j")
    whole = data[:cut].count(b"\n")
    assert again.waiting == whole
    again.append(WRITES[2:])
    assert Journal(root / "j").first(9) == WRITES[:whole] + WRITES[2:]


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line.replace(b"main", b"mein"),
        lambda line: b"zzzzzzzz" + line[8:],
        lambda line: b"\x00" * (len(line) - 1) + b"\n",
        lambda line: b"\n",
        lambda line: module._line([])[:9] + b"{}\n",
    ],
)
def test_a_damaged_line_is_passed_over_and_its_file_kept_aside(
    tmp_path: Path, damage: object
) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(WRITES)
    journal.close()
    lines = (tmp_path / "j").read_bytes().splitlines(keepends=True)
    lines[1] = damage(lines[1])  # type: ignore[operator]
    (tmp_path / "j").write_bytes(b"".join(lines))
    again = Journal(tmp_path / "j")
    assert (again.waiting, again.damaged) == (3, 1)
    assert drained(again) == [WRITES[0], WRITES[2]]
    assert [p.name for p in tmp_path.iterdir()] == ["j.damaged-1"]


@contextmanager
def disk_full_at(octets: int) -> Iterator[None]:
    """No file of this process may grow beyond `octets`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_no_half_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(WRITES[:1])
    size = (tmp_path / "j").stat().st_size
    with disk_full_at(size + 100), pytest.raises(JournalError, match="File too large"):
        journal.append(WRITES)
    assert (tmp_path / "j").stat().st_size == size
    journal.append(WRITES[1:])
    assert drained(journal) == WRITES


def test_a_disk_with_no_room_at_all(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    with disk_full_at(0):
        for _ in range(3):
            with pytest.raises(JournalError):
                journal.append(WRITES)
    journal.append(WRITES)
    assert drained(journal) == WRITES


def test_a_failed_fsync_is_never_tried_again_on_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "j")
    journal.append(WRITES[:1])
    synced: list[str] = []
    bad = {str(tmp_path / "j")}

    def fsync(fd: int) -> None:
        path = str(Path(f"/proc/self/fd/{fd}").readlink())
        synced.append(path)
        if path in bad:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(JournalError, match="Input/output"):
        journal.append(WRITES[1:2])
    journal.append(WRITES[1:])
    assert synced.count(str(tmp_path / "j")) == 1
    assert synced[-1] == str(tmp_path / "j.1")
    assert journal.waiting == 3
    assert drained(journal) == WRITES


def test_a_file_whose_first_fsync_fails_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "j")

    def fsync(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        for _ in range(3):
            with pytest.raises(JournalError):
                journal.append(WRITES)
    assert list(tmp_path.iterdir()) == []
    journal.append(WRITES)
    assert Journal(tmp_path / "j").first(9) == WRITES


def test_a_row_of_an_older_version_is_filled_up(tmp_path: Path) -> None:
    table, values = to_json(WRITES[0][0])
    del values["caller_name"], values["wait_ms"], values["answered_utc"]
    values["a column since dropped"] = 1
    row = from_json([table, values])
    assert (row.values["caller_name"], row.values["wait_ms"]) == ("", 0)
    assert row.values["answered_utc"] is None
    table, values = to_json(story("a", 0))
    del values["data"]
    assert from_json([table, values]) == story("a", 0)
