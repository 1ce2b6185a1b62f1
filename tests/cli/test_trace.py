"""`mediaserver trace` against a server on loopback, and what Wireshark's dissector says of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from mediaserver.commands.trace import Follower, render
from mediaserver.cti import pcap
from mediaserver.cti.sync import SyncCtiClient
from tests.cli.conftest import Invoke
from tests.cti.rig import TRACE, Background
from tests.drivers.pri.harness import Pair


@pytest.fixture
def server(tmp_path: Path, invoke: Invoke) -> Iterator[Background]:
    (tmp_path / "var").mkdir()
    background = Background(tmp_path / "var")
    yield background
    background.close()


def test_the_last_entries_in_words(server: Background, invoke: Invoke) -> None:
    text = invoke("trace", "E1-1", "--last", "5").output
    assert "← SETUP  call 1  I N(S)=0 N(R)=0" in text
    assert "called number: 10086, ISDN" in text
    assert "cause: 16 normal call clearing, from user" in text
    assert "→ RELEASE COMPLETE  call 1" in text
    one = invoke("trace", "E1-1", "--last", "1").output
    assert "SETUP" not in one and "RELEASE COMPLETE" in one


def test_as_json_a_line_each(server: Background, invoke: Invoke) -> None:
    lines = invoke("trace", "E1-1", "--last", "5", "--json").output.splitlines()
    assert [json.loads(line) for line in lines] == TRACE


def test_following_goes_on_where_it_was(server: Background) -> None:
    waited: list[float] = []
    with SyncCtiClient(server.rig.path, events=False) as client:
        client.connect()
        rows = Follower(client, "E1-1", False, waited.append).rows(1, True)
        assert [row["seq"] for row in islice(rows, 1)] == [8]
        again = dict(TRACE[1], seq=9)
        TRACE.append(again)
        try:
            assert next(rows) == again
            TRACE.append(dict(again, seq=10))
            assert next(rows)["seq"] == 10 and waited == [0.5]
            TRACE.pop()
        finally:
            TRACE.pop()


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["E9"], 1, "no span"),
        (["FXS-1"], 1, "it sends no messages"),
        (["E1-1", "--json", "--pcap", "x"], 2, "do not go together"),
        (["E1-1", "--last", "-1"], 2, "--last"),
    ],
)
def test_what_cannot_be_shown_is_said(
    server: Background, invoke: Invoke, args: list[str], code: int, words: str
) -> None:
    result = invoke("trace", "--last", "1", *args)
    assert result.exit_code == code and words in result.output


def test_without_a_server(invoke: Invoke) -> None:
    result = invoke("trace", "E1-1")
    assert result.exit_code == 1 and "is the server running?" in result.output


def test_a_row_of_r2() -> None:
    row = TRACE[0] | {"title": "backward 1 next digit", "channel": 7, "reference": None}
    text = render(row | {"link": "", "elements": [], "hex": ""}).plain
    assert text.endswith("← backward 1 next digit  channel 7")


def _dissect(path: Path, *fields: str) -> list[list[str]]:
    asked = [part for field in fields for part in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-n", "-r", path, "-T", "fields", *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_wireshark_reads_a_whole_call(server: Background, invoke: Invoke, tmp_path: Path) -> None:
    rows = _rows_of_a_call()
    path = tmp_path / "call.pcap"
    path.write_bytes(pcap.header() + pcap.records(rows, network=False))
    told = _dissect(path, "frame.protocols", "q931.message_type", "q931.called_party_number.digits")
    assert len(told) == len(rows) > 15
    kinds = [int(row[1], 16) for row in told if row[1]]
    assert kinds == [0x05, 0x02, 0x01, 0x07, 0x0F, 0x45, 0x4D, 0x5A]
    assert next(row[2] for row in told if row[1]) == "10086"
    assert all("lapd" in row[0] for row in told)
    complaints = _dissect(path, "_ws.malformed", "_ws.expert.message")
    assert not any(any(row) for row in complaints), complaints
    result = invoke("trace", "E1-1", "--last", "5", "--pcap", "live.pcap")
    assert result.exit_code == 0 and "2 frames" in result.output
    assert len(_dissect(Path("live.pcap"), "q931.message_type")) == 2


def _rows_of_a_call() -> list[dict[str, str]]:
    """Every frame on the line, as the user's end sees them."""
    pair = Pair()
    rows: list[dict[str, str]] = []

    def note(toward: str, frame: bytes) -> bool:
        at = f"2026-01-05T08:00:{len(rows) % 60:02d}.250+00:00"
        direction = "in" if toward == "user" else "out"
        rows.append({"utc": at, "direction": direction, "hex": frame.hex()})
        return False

    pair.drop = note
    ref, _ = pair.talk("user", 3)
    pair.user.release(ref, 16, pair.now)
    pair.run(0.1)
    pair.follow()
    pair.run(30)
    return rows
