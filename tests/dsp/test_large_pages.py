"""Large banks ask the system for large pages; small ones have no use for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

OFFERED = Path("/sys/kernel/mm/transparent_hugepage/enabled")
#: kB for which a process of its own asked large pages: before, with a small and with a large bank.
#: In one that had banks before, the heap gives what was asked for them once more.
PROGRAM = r"""
import pathlib, re
from dsp_ext.echo import EchoCanceller
region = re.compile(r"^Size: +(\d+) kB$.*?^VmFlags:(.*?)$", re.MULTILINE | re.DOTALL)
def asked():
    regions = region.findall(pathlib.Path("/proc/self/smaps").read_text("ascii"))
    return sum(int(size) for size, flags in regions if "hg" in flags.split())
figures = [asked()]
banks = []
for channels in (16, 960):
    banks.append(EchoCanceller(channels))
    figures.append(asked())
print(*figures)
"""
SIXTEEN_KB = 200  # what sixteen channels keep, at the least


@pytest.mark.skipif(not OFFERED.exists(), reason="no large pages here")
def test_a_large_bank_is_in_large_pages_and_a_small_one_is_not() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    before, small, large = (int(figure) for figure in done.stdout.split())
    assert small == before
    assert large - small > 960 // 16 * SIXTEEN_KB - 2 * 2048
