"""What is asked of a DAHDI channel that no card is needed to refuse."""

from __future__ import annotations

import numpy as np
import pytest

from drivers.base import DriverError
from drivers.boards.dahdi.device import MAINTENANCE, Device, gain_table
from dsp_ext import g711
from mediaserver.commands.dahdi import maintain


def test_a_number_is_dialled_whole_or_not_at_all() -> None:
    unopened = Device.__new__(Device)  # it is refused before the driver is asked
    with pytest.raises(DriverError, match="255 digits"):
        unopened.dial_pulses("1" * 255)


@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_a_gain_of_0_db_leaves_every_octet(law: str) -> None:
    assert gain_table(0.0, law) == bytes(range(256))


@pytest.mark.parametrize("db", [-24.0, -6.0, 3.0, 24.0])
def test_a_gain_is_right_within_the_laws_steps_and_keeps_the_sign(db: float) -> None:
    octets = np.arange(256, dtype=np.uint8)
    before = g711.alaw_decode(octets).astype(float)
    after = g711.alaw_decode(np.frombuffer(gain_table(db, "alaw"), np.uint8)).astype(float)
    wanted = np.clip(before * 10 ** (db / 20), -32256, 32256)
    assert (np.abs(after - wanted) <= np.maximum(9.0, np.abs(wanted) / 30)).all()
    assert (np.sign(after) == np.sign(before)).all()


def test_every_maintenance_word_is_one_of_the_commands() -> None:
    choices = {p.name: p.type for p in maintain.params}["what"].choices  # type: ignore[attr-defined]
    assert set(choices) == set(MAINTENANCE)
