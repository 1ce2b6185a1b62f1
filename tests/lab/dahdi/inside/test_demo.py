"""The whole server on DAHDI's lines, with the exchange at their other ends: the demo as a proof."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.lab.dahdi.prepare import HERE

CALLS = 3  # with an agent on the telephone each; the third ends the call itself


def test_the_demos_calls_go_as_scripted_and_lose_no_octet(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mediaserver", "demo", "--once", "--calls", str(CALLS)),
            *("--no-web", "--cti-port", "0", "--data-dir", str(tmp_path)),
            *("--lines", str(HERE / "lines.toml")),
        ],
        capture_output=True,
        text=True,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{CALLS} of {CALLS} calls, 0 deviations" in done.stdout
    assert "0 missed, 0 octets lost" in done.stdout
