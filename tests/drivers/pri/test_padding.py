"""What libpri reads beyond a message's end is always the same, and ends a number's header."""

from __future__ import annotations

import pytest

from drivers.signalling.pri.binding import Libpri

_SABME, _UI = bytes((2, 1, 0x7F)), bytes((2, 1, 3))
#: A SETUP whose last octet, octet 3 of the calling number, says that octet 3a follows.
_CUT = _UI + bytes.fromhex("080200020504038090a31803a183816c0121")


@pytest.mark.parametrize("before", [0x00, 0x01, 0x20, 0x40, 0x7F])
def test_a_header_that_is_cut_off_is_ended_whatever_the_memory_held_before(before):
    """Past our own check of each frame, which would not let it through."""
    libpri = Libpri("user", "euroisdn", 0.0)
    libpri.feed(_SABME, 0.1)
    libpri.feed(_UI + b"\x08\0" + bytes((before,)) * 900, 0.2)
    event = libpri.feed(_CUT, 0.2)
    libpri.close()
    assert event is not None
    assert (event.calling, event.calling_pres) == ("", 0xFF & 0x63)
