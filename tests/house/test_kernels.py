"""Every kernel has a page that shows it, a picture made of it, and rows in the bench."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from bench import memory, plots
from bench.kernels import suite as kernels
from bench.quality import suite as quality
from tests.house.tree import ROOT

PAGES = ROOT / "docs" / "kernels"
HEAVIEST = 60_000  # octets of a picture
#: A class that works on all channels at once, as `process` says.
BANK = re.compile(r"^cdef class \w+:.*?^    def process\(self", re.MULTILINE | re.DOTALL)
#: What spoils signals in tests, and a kernel's other half, which its page shows too.
OTHERS = {"impair", "fsk_send"}
#: Parts of a tick, which suite `tick` times, by the kernel's name.
IN_TICK = {"g711": "decode", "level": "level", "mix": "mix", "tone": "tone", "dtmf": "dtmf"}
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
STATED = re.compile(r"^\*\*Memory\.\*\* (.*?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)
#: Figures of octets: not those of a tail or a rate.
OCTETS = re.compile(r"\b(\d[\d,]*)\b(?! (?:ms|to|kHz))")
LINKED = re.compile(r"\]\(([\w]+)\.md\)")


def kernel_names() -> list[str]:
    """The modules of `dsp_ext` that are kernels."""
    found = {"g711"}  # functions, not a bank
    for path in (ROOT / "dsp_ext").glob("*.pyx"):
        if BANK.search(path.read_text("utf-8")):
            found.add(path.stem)
    return sorted(found - OTHERS)


def test_the_kernels_are_found() -> None:
    assert {
        "dtmf",
        "echo",
        "fsk",
        "g711",
        "hdlc",
        "level",
        "mfr2",
        "mix",
        "progress",
        "tone",
    } <= set(kernel_names())


@pytest.mark.parametrize("name", kernel_names())
def test_a_kernel_has_a_page_with_its_picture(name: str) -> None:
    page = PAGES / f"{name}.md"
    assert page.exists(), f"write docs/kernels/{name}.md"
    assert f"]({name}.svg)" in page.read_text("utf-8"), "the page does not show its picture"
    picture = PAGES / f"{name}.svg"
    assert picture.exists(), f"add bench/plots/{name}.py and run python -m bench.plots {name}"
    assert picture.stat().st_size <= HEAVIEST
    ElementTree.parse(picture)
    assert name in LINKED.findall((PAGES / "README.md").read_text("utf-8"))


@pytest.mark.parametrize("name", kernel_names())
def test_a_kernel_has_rows_in_the_bench(name: str) -> None:
    measured = {*kernels.names(), *quality.names()} | set(IN_TICK)
    assert name in measured, f"add bench/kernels/{name}.py or bench/quality/{name}.py"


@pytest.mark.parametrize("name", plots.names())
def test_a_picture_can_be_drawn_anew(name: str) -> None:
    text = str(plots.load(name)())
    ElementTree.fromstring(text)
    assert len(text) <= HEAVIEST


@pytest.mark.parametrize("name", sorted(path.stem for path in PAGES.glob("*.md")))
def test_the_code_of_a_page_is_python(name: str) -> None:
    for block in CODE.findall((PAGES / f"{name}.md").read_text("utf-8")):
        compile(block, f"{name}.md", "exec")


@pytest.mark.parametrize("name", kernel_names())
def test_a_page_states_what_memory_a_channel_takes(name: str) -> None:
    stated = STATED.search((PAGES / f"{name}.md").read_text("utf-8"))
    assert stated, f"docs/kernels/{name}.md lacks **Memory.**"
    figures = [int(figure.replace(",", "")) for figure in OCTETS.findall(stated[1])]
    banks = memory.PAGES[name]
    counted = memory.counted()
    if counted is None:
        pytest.skip("this C library does not tell what it gave away")
    due = [counted.banks[bank] for bank in banks]
    assert figures == pytest.approx(due, rel=0.01, abs=1.5), f"{name}: {banks} take {due}"
