"""What the README and the help texts point to exists."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tests.house.tree import ROOT, name_of, sources

DOCUMENT = re.compile(r"\bdocs/[\w.-]*\w")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
COMMAND = re.compile(r"`mediaserver ([a-z]+)((?: [a-z]+)?)")
FEATURE = re.compile(r"^\| ((?:B|C)?\d+) \|", re.MULTILINE)


def _readme() -> str:
    return (ROOT / "README.md").read_text("utf-8")


def test_every_document_named_in_the_sources_is_there() -> None:
    named = {
        (name_of(path), word)
        for path in sources(suffixes=(".py", ".pyx", ".toml", ".md", ".html"))
        for word in DOCUMENT.findall(path.read_text("utf-8"))
    }
    missing = [f"{where}: {word}" for where, word in named if not (ROOT / word).exists()]
    assert not missing, "\n".join(sorted(missing))


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=name_of
)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text("utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing, missing


def test_every_command_the_readme_names_is_one() -> None:
    from mediaserver.cli import main

    context = click.Context(main)
    for name, second in COMMAND.findall(_readme()):
        command = main.get_command(context, name)
        assert command is not None, name
        if second and isinstance(command, click.Group):
            assert command.get_command(context, second.strip()) is not None, (name, second)


def test_the_feature_table_has_each_number_once() -> None:
    numbers = FEATURE.findall(_readme().partition("## Features")[2])
    wanted = [f"C{n}" for n in range(1, 9)]
    wanted += [str(n) for n in range(1, 105)]
    wanted += [f"B{n}" for n in range(1, 11)]
    assert numbers == wanted
