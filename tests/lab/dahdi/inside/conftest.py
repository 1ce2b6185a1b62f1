"""What runs in the guest only: there DAHDI's real modules are loaded (see ../system.conf)."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.lab.dahdi.inside import card

collect_ignore_glob = [] if os.environ.get("LAB_GUEST") else ["test_*.py"]


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Both of the lab's cards plugged in and set up: PRI on the E1 card."""
    directory = tmp_path_factory.mktemp("cards")
    with card.loaded(), card.plugged("e1"), card.plugged("analog"):
        card.set_up(directory, card.e1() + card.analog())
        yield
