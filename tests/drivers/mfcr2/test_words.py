"""The trace's words: each that a table or a variant has can be said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drivers.said import Said
from drivers.signalling import mfcr2
from drivers.signalling.cas_words import word
from drivers.signalling.mfcr2.circuit import Circuit
from drivers.signalling.mfcr2.line import SENT
from drivers.signalling.mfcr2.variant import ANSWERS, load, names


@pytest.mark.parametrize("name", names())
def test_every_word_of_a_variant_can_be_said(name: str) -> None:
    variant = load(name)
    tables = (variant.dnis, variant.ani, variant.ka, variant.categories)
    for each in (text for table in tables for text in table.values()):
        assert isinstance(word(each), Said), each


def test_every_word_of_the_machines_can_be_said() -> None:
    happened = {name[4:] for name in vars(Circuit) if name.startswith("_on_")}
    for each in (*SENT, *happened, *ANSWERS):
        assert isinstance(word(each), Said), each


def test_every_word_in_the_sources_can_be_said() -> None:
    room = Path(mfcr2.__file__).parent
    named = {
        each
        for path in room.glob("*.py")
        for each in re.findall(r'\bword\("([^"]+)"\)', path.read_text())
    }
    assert len(named) > 5
    for each in named:
        assert isinstance(word(each), Said), each


def test_a_word_of_ones_own_variant_is_shown_as_it_is() -> None:
    assert word("call_by_card") == "call by card"
