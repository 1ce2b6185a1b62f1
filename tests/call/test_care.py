"""What is done about a line while a call is on it."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.base import Channel
from mediaserver.call.care import LineCare


class Line:
    def __init__(self, number: int) -> None:
        self.channel = Channel("FXS-1", number)
        self.media = self
        self.cancels = False

    def echo(self) -> None:
        self.cancels = True


@pytest.mark.parametrize(("number", "ours"), [(1, True), (2, False), (3, True)])
def test_ours_cancels_where_the_card_does_not(number: int, ours: bool) -> None:
    line: Any = Line(number)
    LineCare(echo=True, not_on=frozenset({2})).begin(line, False, lambda leg, event: None)
    assert line.cancels is ours
    silent: Any = Line(number)
    LineCare(not_on=frozenset({2})).begin(silent, False, lambda leg, event: None)
    assert not silent.cancels
