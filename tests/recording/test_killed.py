"""`kill -9` in a recording leaves a file that plays, to within the last second."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from dsp_ext import g711
from mediaserver.recording import store
from tests.recording.victim import SAID

ROOT = Path(__file__).parents[2]


@pytest.mark.process
@pytest.mark.parametrize("after_ms", [1300, 2900])
def test_a_killed_recorder_leaves_a_file_that_plays(tmp_path: Path, after_ms: int) -> None:
    command = [sys.executable, "-m", "tests.recording.victim", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        path = tmp_path / victim.stdout.readline().strip()
        reached_ms = 0
        while reached_ms < after_ms:
            reached_ms = int(victim.stdout.readline())
        victim.kill()
    before = soundfile.info(path)
    assert before.subtype == "ALAW" and before.channels == 2
    assert before.duration >= (reached_ms - 1200) / 1000
    mended = store.rebuild(path)
    assert mended.duration_ms >= reached_ms - 1200
    assert mended.duration_ms >= before.frames // 8
    left = soundfile.read(path, dtype="int16")[0][:, 0]
    heard = left[np.nonzero(left > 8)[0][0] :]
    said = g711.alaw_decode(g711.alaw_encode(SAID))
    assert np.array_equal(heard, np.resize(said, len(heard)))
