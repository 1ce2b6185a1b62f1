"""The engine's page says what the engine does: its parts, its order of shedding, its memory."""

from __future__ import annotations

import re

import pytest

from bench import memory
from dsp_ext.engine import Engine
from dsp_ext.event import SHED_LEVELS
from tests.house.tree import ROOT

PAGE = (ROOT / "docs" / "engine.md").read_text("utf-8")
PARTS = re.compile(r"^\| (`[^|]*`) \|", re.MULTILINE)
SLOT = re.compile(r"^\| \+ a slot of `([^`]+)` \| ([\d.]+) \|$", re.MULTILINE)
ALONE = re.compile(r"^\| engine without slots[^|]*\| ([\d.]+) \|$", re.MULTILINE)
FILE = re.compile(r"`(\w+\.(?:pyx|pxd|py|h))`")


def test_the_parts_of_a_tick_are_named_in_their_order() -> None:
    engine = Engine(1)
    engine.tick()
    named = re.findall(r"`(\w+)`", " ".join(PARTS.findall(PAGE)))
    assert named == list(engine.counters()["kernel_ns"])  # type: ignore[call-overload]


def test_load_is_shed_in_the_order_that_is_stated() -> None:
    assert re.findall(r"^\d\. (echo tails.*|.*)$", PAGE, re.MULTILINE)[:5] == list(SHED_LEVELS[1:])


def test_memory_is_what_is_counted() -> None:
    counted = memory.counted()
    if counted is None:
        pytest.skip("this C library does not tell what it gave away")
    stated = {name: float(figure) for name, figure in SLOT.findall(PAGE)}
    due = {name: octets / 1000 for name, octets in counted.slots.items()}
    assert stated == pytest.approx(due, rel=0.05, abs=0.1)
    (figure,) = ALONE.findall(PAGE)
    assert float(figure) == pytest.approx(counted.banks["engine"] / 1000, rel=0.05)


def test_the_files_it_names_are_there() -> None:
    places = [ROOT / "dsp_ext", ROOT / "mediaserver" / "media"]
    missing = {
        name
        for name in FILE.findall(PAGE)
        if not any((place / name).exists() for place in places) and not name.startswith("NAME")
    }
    assert missing == set()


def test_its_example_is_what_the_engine_takes() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    engine = names["engine"]
    assert isinstance(engine, Engine)
    assert engine.counters()["slots_used"]["fsk bell202"] == 1  # type: ignore[index]
