"""The way from a bare machine: what is said when it cannot be walked, and in which order it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import ROOT

TOOLS = (
    "bash",
    "cat",
    "cut",
    "dirname",
    "env",
    "mkdir",
    "mktemp",
    "nproc",
    "sed",
    "sha256sum",
    "tail",
    "wc",
)


class Machine:
    """A copy of the build's scripts with a PATH of their own; `log` is what was called there."""

    def __init__(self, directory: Path) -> None:
        self.bin = directory / "bin"
        self.bin.mkdir()
        self.tree = directory / "tree"
        self.tree.mkdir()
        self.log = directory / "log"
        shutil.copytree(ROOT / ".ci", self.tree / ".ci")
        shutil.copy(ROOT / "pyproject.toml", self.tree)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or tool)

    def command(self, name: str, body: str = "exit 0") -> None:
        """Put a command on the PATH that logs how it was called, then does `body`."""
        file = self.bin / name
        file.write_text(f'#!/bin/bash\necho "{name} $*" >>"{self.log}"\n{body}\n', "utf-8")
        file.chmod(0o755)

    def bootstrap(self, kind: str = "run") -> tuple[int, str]:
        """Exit status and all output of ``bootstrap.sh kind``."""
        done = subprocess.run(
            [str(self.tree / ".ci" / "bootstrap.sh"), kind],
            env={"PATH": str(self.bin), "HOME": os.environ.get("HOME", "/")},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def calls(self, name: str) -> list[str]:
        """How `name` was called, each call's words."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A Debian on which nothing is installed, worked by an ordinary user without sudo."""
    machine = Machine(tmp_path)
    machine.command("id", "echo 1000")
    machine.command("dpkg-query", "exit 1")
    machine.command("apt-get", "echo 'E: no such mirror' >&2; exit 100")
    machine.command("python3", "exit 0")
    return machine


def test_without_root_and_sudo_the_command_to_run_is_named(machine: Machine) -> None:
    status, text = machine.bootstrap()
    assert status == 1
    assert "neither root nor sudo" in text
    assert "apt-get install python3 python3-venv" in text
    assert not machine.calls("apt-get")


def test_sudo_is_used_when_there_is_one(machine: Machine) -> None:
    machine.command("sudo")
    machine.bootstrap()
    assert machine.calls("sudo")[0] == "-v"
    assert machine.calls("sudo")[1].endswith("apt-get update --quiet")


def test_a_failing_step_shows_what_it_said(machine: Machine) -> None:
    machine.command("id", "echo 0")
    status, text = machine.bootstrap()
    assert status == 1
    assert "refreshing the package lists" in text
    assert "E: no such mirror" in text


def test_a_test_package_that_cannot_be_had_stops_nothing(machine: Machine) -> None:
    machine.command("id", "echo 0")
    machine.command(
        "dpkg-query", 'case "$*" in *chromium*) exit 1;; esac; echo install ok installed'
    )
    machine.command("apt-get", "[ $1 = update ]")
    machine.command("python3", "[ $1 = -c ]")
    status, text = machine.bootstrap("test")
    assert "tests that need chromium will be skipped" in text
    assert [call for call in machine.calls("python3") if "venv" in call]
    assert status == 1  # this machine's python3 makes no environment, and that is said
    assert "python3 -m venv did not work" in text


def test_nothing_missing_means_no_apt_at_all(machine: Machine) -> None:
    machine.command("dpkg-query", "echo install ok installed")
    machine.command("python3", "exit 1")
    machine.bootstrap("test")
    assert not machine.calls("apt-get")


def test_an_old_python_is_named(machine: Machine) -> None:
    machine.command("dpkg-query", "echo install ok installed")
    machine.command("python3", 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    status, text = machine.bootstrap()
    assert status == 1
    assert "3.11 or later is needed; this is Python 3.9.2" in text
