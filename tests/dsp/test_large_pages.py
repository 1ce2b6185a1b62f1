"""Large banks ask the system for large pages; small ones have no use for them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dsp_ext.echo import EchoCanceller

MAPS = Path("/proc/self/smaps")
OFFERED = Path("/sys/kernel/mm/transparent_hugepage/enabled")
REGION = re.compile(r"^Size: +(\d+) kB$.*?^VmFlags:(.*?)$", re.MULTILINE | re.DOTALL)
SIXTEEN_KB = 200  # what sixteen channels keep, at the least


def _asked_kb() -> int:
    """kB of this process for which large pages were asked."""
    regions = REGION.findall(MAPS.read_text("ascii"))
    return sum(int(size) for size, flags in regions if "hg" in flags.split())


@pytest.mark.skipif(not (MAPS.exists() and OFFERED.exists()), reason="no large pages here")
def test_a_large_bank_is_in_large_pages_and_a_small_one_is_not() -> None:
    before = _asked_kb()
    small = EchoCanceller(16)
    assert _asked_kb() == before
    large = EchoCanceller(960)
    assert _asked_kb() - before > 960 // 16 * SIXTEEN_KB - 2 * 2048
    assert (small.channels, large.channels) == (16, 960)
