"""The canceller in a call: without it who speaks over an echoing line hears himself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mediaserver.lab.perform import perform
from mediaserver.lab.scenario import SHIPPED, parse

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
pytestmark = pytest.mark.skipif(
    not SOUNDS.is_dir() or shutil.which("espeak-ng") is None, reason="no prompts"
)


@pytest.mark.parametrize("cancelled", [True, False])
def test_who_speaks_hears_himself_only_where_echo_is_not_cancelled(cancelled: bool) -> None:
    text = (SHIPPED / "echo.toml").read_text()
    assert '{ hear = "silence", within_s = 2 }' in text
    text = text.replace('hear = "silence"', 'hear = "vm-intro"')
    about, faults = text.split("[[fault]]", 1)
    spans = f"""
[settings]
board = [
  {{ name = "virtual", span = [
    {{ name = "E1-1", kind = "e1" }},
    {{ name = "E1-2", kind = "e1", side = "network" }},
    {{ name = "FXS-1", kind = "fxs", echo = {str(cancelled).lower()} }},
  ] }},
]
"""
    told = perform(parse(f"{about}{spans}[[fault]]{faults}", "echo"), virtual=True)
    heard = [v.ok for v in told.verdicts if v.step == "hear vm-intro"]
    assert heard == [not cancelled]
    assert all(v.ok for v in told.verdicts if v.step != "hear vm-intro")
