"""Every scenario that comes with the program goes as scripted, and twice the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mediaserver.lab.perform import perform
from mediaserver.lab.scenario import SHIPPED, load

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
pytestmark = [
    pytest.mark.skipif(not SOUNDS.is_dir(), reason="asterisk-core-sounds-en-wav is not installed"),
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed"),
]


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_a_shipped_scenario_goes_as_scripted_twice(path: Path) -> None:
    scenario = load(path)
    first = perform(scenario, virtual=True)
    assert [v for v in first.verdicts if not v.ok] == []
    assert perform(scenario, virtual=True).to_json() == first.to_json()
