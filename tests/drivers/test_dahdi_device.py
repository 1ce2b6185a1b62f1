"""What is asked of a DAHDI channel that no card is needed to refuse."""

from __future__ import annotations

import pytest

from drivers.base import DriverError
from drivers.boards.dahdi_device import Device


def test_a_number_is_dialled_whole_or_not_at_all() -> None:
    unopened = Device.__new__(Device)  # it is refused before the driver is asked
    with pytest.raises(DriverError, match="255 digits"):
        unopened.dial_pulses("1" * 255)
