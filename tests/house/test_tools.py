"""What the tools say about the tree: ruff, its formatter, mypy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house.tree import PACKAGES, ROOT

CHECKED = [*PACKAGES, "tests", "setup.py"]


def _say(*command: str) -> tuple[int, str]:
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return result.returncode, result.stdout + result.stderr


def test_ruff_finds_nothing() -> None:
    status, text = _say("ruff", "check", "--no-cache", "--output-format", "concise", *CHECKED)
    assert status == 0, text


def test_the_tree_is_formatted() -> None:
    status, text = _say("ruff", "format", "--no-cache", "--check", *CHECKED)
    assert status == 0, text


@pytest.mark.slow
def test_mypy_finds_nothing() -> None:
    status, text = _say("mypy", "--no-error-summary")
    assert status == 0, text
