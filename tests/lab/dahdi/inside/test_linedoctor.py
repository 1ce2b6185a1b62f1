"""The line doctor on DAHDI's lines, as a technician runs it: bits, a modem, a tone, levels."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mediaserver.cti.sync import SyncCtiClient

COMMAND = (sys.executable, "-m", "mediaserver")
#: Both ends of a pair of E1, and of a pair of analog spans, are this server's.
SERVER = """
[server]
data_dir = "{dir}"
[cti]
port = 0
[media]
tone_plan = "cn"
[[board]]
name = "cards"
type = "dahdi"
span = [
  {{ name = "E1-1", kind = "e1", side = "user", dahdi = 1 }},
  {{ name = "E1-2", kind = "e1", side = "network", dahdi = 2 }},
  {{ name = "FXS-1", kind = "fxs", ports = 4, dahdi = 7 }},
  {{ name = "FXO-1", kind = "fxo", ports = 4, dahdi = 8 }},
]
[[trunk_group]]
name = "pstn"
spans = ["E1-1"]
[[extension]]
number = "201"
line = "FXS-1/2"
"""


@contextmanager
def server(directory: Path) -> Iterator[Path]:
    """`mediaserver run`, all of whose lines are up -> its configuration file."""
    config = directory / "mediaserver.toml"
    config.write_text(SERVER.format(dir=directory))
    with (directory / "log").open("w") as log:
        process = subprocess.Popen([*COMMAND, "run", "--config", config], stderr=log)
        try:
            with SyncCtiClient(directory / "cti.sock") as client:
                assert client.wait_connected(120), (directory / "log").read_text()
                for _ in client.events():
                    if all(span["up"] for span in client.snapshot()["spans"]):
                        break
            yield config
        finally:
            process.terminate()
            process.wait(60)


def verdicts(config: Path, *words: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [*COMMAND, "lines", *words, "--json", "--config", str(config)],
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["state"] == "done", found
    return {each["check"]: each for each in found["verdicts"]}


def test_what_ails_lines_that_nothing_ails(tmp_path: Path) -> None:
    with server(tmp_path) as config:
        bits = verdicts(config, "test", "E1-1/7", "bert", "--far", "E1-2/7", "--seconds", "5")
        figures = bits["bert"]["figures"]
        assert bits["bert"]["state"] == "ok", bits
        assert figures["there_bits"] > 4 * 64_000 and figures["back_bits"] > 4 * 64_000
        assert figures["there_bit_errors"] == figures["back_bit_errors"] == 0
        assert figures["there_slips"] == figures["back_slips"] == 0
        modem = verdicts(config, "test", "E1-1/8", "modem", "--far", "E1-2/8")["modem"]
        assert modem["state"] == "ok" and modem["figures"]["bit_errors"] == 0, modem
        quiet = verdicts(config, "test", "E1-1/9")
        assert {name: each["state"] for name, each in quiet.items()} == {
            "noise": "ok",
            "hum": "ok",
            "echo": "ok",
        }, quiet
        # Lifted, an exchange line hears what the telephone's port at its other end gives.
        tone = verdicts(config, "test", "FXO-1/2", "tone", "--seconds", "6")["tone"]
        assert tone["said"]["values"]["what"]["code"] == "tone.dial", tone
        assert verdicts(config, "show", "E1-1/7")["figures"]["state"] == "ok"
