"""The same build on processors without AVX-512 and AVX2, and a build in plain C: the same bits.

Processors are QEMU's: its user mode shows a program the instruction sets of the model asked for, so
that the choice the compiled parts make at load time is the one they make on such a machine. The
plain build is made by `.ci/plain.sh`, which runs these tests too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dsp_ext import callerid, fsk, mfr2, tone
from tests.dsp.signals import noise, played, sine

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("golden.py")
EMULATOR = "qemu-x86_64-static"
SAMPLES = 4000
#: QEMU's model -> the best instruction set it has
PROCESSORS = {"Nehalem": "SSE4.2", "Haswell": "AVX2"}

Signals = npt.NDArray[np.float32]
Results = dict[str, npt.NDArray[np.generic]]


def _signals() -> Signals:
    """What the kernels listen for, each on a channel, and what is on no line: (SAMPLES, 20)."""
    pcm = np.zeros((SAMPLES, 20), dtype=np.float32)
    for channel, modem in enumerate(("bell202", "v23")):
        sender = fsk.CallerIdSender(1, modem)
        octets = callerid.encode_sdmf(callerid.CallerId(number="5551234", time="01021504"))
        sender.send(0, octets, seizure_bits=40, mark_bits=100, twist_db=2)
        pcm[:, channel] = sender.process(SAMPLES)[:, 0]
    sounds = [
        *(mfr2.program(s, on_ms=80, off_ms=60) for s in (1, 9, 15)),
        *(mfr2.program(s, "backward", on_ms=80, off_ms=60) for s in (1, 6, 14)),
        tone.Program.dtmf("159D", on_ms=60, off_ms=60),
    ]
    for channel, sound in enumerate(sounds, start=2):
        pcm[:, channel] = played(sound, SAMPLES / 8)
    for channel, hz in enumerate((425, 450, 1100, 2100), start=9):
        pcm[:, channel] = sine(hz, -12, SAMPLES / 8)
    pcm[:, 13] = np.sign(sine(310, 0, SAMPLES / 8)) * 32767
    pcm[:, 14] = 8000
    for channel in range(15, 19):
        pcm[:, channel] = noise(-60 + 14 * (channel - 15), SAMPLES, channel)
    pcm[:, :13] += noise(-50, SAMPLES * 13, 3).reshape(SAMPLES, 13)
    return np.round(pcm)


def _run(command: list[str], tree: Path, signals: Path, results: Path) -> Results:
    environment = {
        **os.environ,
        "PYTHONPATH": str(tree),
        "OPENBLAS_NUM_THREADS": "1",
        # On some hosts numpy's OpenBLAS does not believe the emulator's CPUID and takes AVX.
        "OPENBLAS_CORETYPE": "Nehalem",
    }
    whole = [*command, sys.executable, "-P", str(PROGRAM), str(signals), str(results)]
    done = subprocess.run(whole, env=environment, capture_output=True, text=True, cwd=tree)
    assert done.returncode == 0, done.stderr
    with np.load(results) as file:
        made: Results = dict(file)
    assert str(made.pop("built at")) == str(tree / "dsp_ext")
    return made


@pytest.fixture(scope="module")
def signals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("golden") / "signals.npz"
    np.savez(path, pcm=_signals())
    return path


@pytest.fixture(scope="module")
def here(signals: Path) -> Results:
    """What this build makes of them on this machine's own processor."""
    return _run([], ROOT, signals, signals.with_name("here.npz"))


def _same(ours: Results, theirs: Results) -> None:
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        np.testing.assert_array_equal(theirs[name], values, err_msg=name, strict=True)


def test_the_signals_wake_every_detector(here: Results) -> None:
    quiet = {name for name, values in here.items() if not np.any(values)}
    assert quiet <= {
        "mfr2 backward False, few",
        "mfr2 backward True, few",
        "mfr2 forward False, few",
    }


@pytest.mark.parametrize("model", PROCESSORS)
def test_other_processors_give_the_same(model: str, signals: Path, here: Results) -> None:
    emulator = shutil.which(EMULATOR)
    if not emulator:
        pytest.skip(f"{EMULATOR} is not installed (Debian: qemu-user-static)")
    results = signals.with_name(f"{model}.npz")
    _same(here, _run([emulator, "-cpu", model], ROOT, signals, results))


def test_the_plain_build_gives_the_same(signals: Path, here: Results) -> None:
    tree = ROOT / "build" / "plain"
    if not (tree / "dsp_ext").is_dir():
        pytest.skip("no plain build here: .ci/plain.sh makes it")
    _same(here, _run([], tree, signals, signals.with_name("plain.npz")))
