"""What is packed and what the Makefile offers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT

BUILD_TIME = {".po", ".pot", ".cfg"}  # what the translations are made from
CODE = {".py", ".pyx", ".c", ".so", ".pyc", ".html", ".o"}


def _data_files() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and (path.suffix not in CODE or (package == "web" and path.suffix == ".html"))
        and path.suffix not in BUILD_TIME
    }


@pytest.mark.slow
def test_a_wheel_carries_every_data_file(tmp_path: Path) -> None:
    command = "import setuptools.build_meta as b, sys; b.build_wheel(sys.argv[1])"
    copy = tmp_path / "tree"
    copy.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("*.so", "__py*"))
    result = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path)],
        cwd=copy,
        env={**os.environ, "MEDIASERVER_EXTENSIONS": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    (wheel,) = tmp_path.glob("*.whl")
    missing = _data_files() - set(zipfile.ZipFile(wheel).namelist())
    assert not missing, f"name them in pyproject.toml's package-data: {sorted(missing)}"


def _make(*words: str) -> str:
    command = ["make", "--no-print-directory", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_bare_make_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    (phony,) = [line for line in text.splitlines() if line.startswith(".PHONY:")]
    listed = {line.split()[0] for line in _make().splitlines() if line.startswith("  ")}
    assert listed == set(phony.split()[1:])
    assert {"demo", "test", "lint", "bench", "build", "clean"} <= listed


def test_arguments_reach_the_demo() -> None:
    assert "mediaserver demo --calls 20 --once" in _make("-n", "demo", "ARGS=--calls 20 --once")


def test_every_script_of_the_build_parses() -> None:
    for script in (ROOT / ".ci").iterdir():
        subprocess.run(["bash", "-n", str(script)], check=True)
        assert os.access(script, os.X_OK), f"{script.name} is not executable"
