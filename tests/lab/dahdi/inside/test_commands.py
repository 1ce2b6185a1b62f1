"""What a technician types, on the real modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.lab.dahdi.prepare import HERE


def _mediaserver(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mediaserver", *words], capture_output=True, text=True
    )


def test_spans_are_listed_with_their_channels_and_alarms() -> None:
    done = _mediaserver("dahdi", "spans", "--json")
    assert done.returncode == 0, done.stderr
    spans = {each["span"]: each for each in json.loads(done.stdout)}
    assert spans[1]["channels"] == spans[1]["configured"] == 31
    assert spans[7]["configured"] == 15
    assert spans[1]["alarms"] == []


def test_the_doctor_names_every_span_and_one_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text((HERE / "lines.toml").read_text().replace("dahdi = 7", "dahdi = 77"))
    done = _mediaserver("doctor", "--config", str(file), "--json")
    found = json.loads(done.stdout)
    said = {each["check"]: each["text"] for each in found if each["check"].startswith("span")}
    assert "30 clear, 1 D channel" in said["span 1"]
    assert "echo canceller MG2 on 30 channels" in said["span 1"]
    assert "no echo canceller of the kernel" in said["span 5"]
    assert "15 FXS port, kewl start" in said["span 7"]
    assert any("DAHDI span 77, which is not there" in each["text"] for each in found)


def test_the_set_up_file_it_writes_is_one_that_dahdi_cfg_takes(tmp_path: Path) -> None:
    file = tmp_path / "system.conf"
    done = _mediaserver(
        "dahdi", "config", "--config", str(HERE / "lines.toml"), "--write", str(file)
    )
    assert done.returncode == 0, done.stderr
    text = file.read_text()
    assert "bchan=1-15,17-31\ndchan=16" in text
    assert "fxoks=187-194" in text
    tool = Path(os.environ["LAB_TOOLS"]) / "usr/sbin/dahdi_cfg"
    taken = subprocess.run([tool, "-t", "-vv", "-c", file], capture_output=True, text=True)
    assert taken.returncode == 0, taken.stdout + taken.stderr
