"""Imports run down only, in Python and in Cython alike."""

from __future__ import annotations

import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tests.house.imports import imported, of_cython
from tests.house.tree import (
    FLOOR_OF,
    PACKAGE_ARROWS,
    PACKAGES,
    ROOT,
    WEB_MAY_IMPORT,
    module_of,
    name_of,
    sources,
)

ONLY_FOR_TESTS = {"tests"}


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def package_faults(module: str, names: set[str]) -> list[str]:
    """Arrows between packages that `module` may not draw."""
    package = module.split(".")[0]
    allowed = PACKAGE_ARROWS[package] | {package}
    faults = []
    for name in sorted(names):
        target = name.split(".")[0]
        if target in (*PACKAGES, *ONLY_FOR_TESTS) and target not in allowed:
            faults.append(f"{module} imports {name}: {package} may not import {target}")
        if package == "web" and target == "mediaserver":
            inner = name.partition(".")[2] + "."
            if inner != "." and not any(inner.startswith(f"{door}.") for door in WEB_MAY_IMPORT):
                faults.append(f"{module} imports {name}: the console is a client, not a part")
    return faults


def floor_faults(module: str, names: set[str]) -> list[str]:
    """Arrows inside `mediaserver` that run up, or touch a room without a floor."""
    here = _room(module)
    if not here:
        return []
    if here not in FLOOR_OF:
        return [f"{module}: give mediaserver/{here} a floor in tests/house/tree.py"]
    faults = []
    for name in sorted(names):
        there = _room(name)
        if name.split(".")[0] == "mediaserver" and FLOOR_OF.get(there, 0) > FLOOR_OF[here]:
            faults.append(f"{module} imports {name}: {there} stands above {here}")
    return faults


def circle_in(arrows: dict[str, set[str]]) -> list[str]:
    """One circle in a graph of rooms or files, as the list of those walked; empty without one."""
    done: set[str] = set()

    def walk(room: str, path: list[str]) -> list[str]:
        if room in path:
            return [*path[path.index(room) :], room]
        if room in done:
            return []
        for target in sorted(arrows.get(room, set())):
            if circle := walk(target, [*path, room]):
                return circle
        done.add(room)
        return []

    for room in sorted(arrows):
        if circle := walk(room, []):
            return circle
    return []


@pytest.mark.parametrize("package", PACKAGE_ARROWS)
def test_packages_import_downwards(package: str) -> None:
    faults = [
        fault
        for path in sources(package)
        for fault in package_faults(module_of(path), imported(path))
    ]
    assert not faults, "\n".join(faults)


def test_rooms_of_mediaserver_import_downwards() -> None:
    faults = [
        fault
        for path in sources("mediaserver")
        for fault in floor_faults(module_of(path), imported(path))
    ]
    assert not faults, "\n".join(faults)


def test_rooms_do_not_need_each_other_in_a_circle() -> None:
    arrows: dict[str, set[str]] = {}
    for path in sources("mediaserver"):
        here = _room(module_of(path))
        rooms = {_room(name) for name in imported(path) if name.startswith("mediaserver.")}
        if here:
            arrows.setdefault(here, set()).update((rooms & FLOOR_OF.keys()) - {here})
    circle = circle_in(arrows)
    assert not circle, " → ".join(circle)


def test_files_do_not_need_each_other_in_a_circle() -> None:
    """For types neither: who must read two files to understand one has one file in two halves."""
    files = {module_of(path) for path in sources() if path.stem != "__init__"}
    arrows: dict[str, set[str]] = {}
    for path in sources():
        if path.stem != "__init__":
            here = module_of(path)
            arrows.setdefault(here, set()).update((imported(path) & files) - {here})
    circle = circle_in(arrows)
    assert not circle, " → ".join(circle)


def test_every_import_is_declared_in_pyproject() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    texts = data["build-system"]["requires"] + data["project"]["dependencies"]
    declared = {_distribution(text) for text in texts}
    owners = metadata.packages_distributions()
    faults = []
    for path in sources(suffixes=(".py", ".pyx")):
        for top in {name.split(".")[0] for name in imported(path)}:
            if top in sys.stdlib_module_names or top in PACKAGES or top in CYTHON_ONLY:
                continue
            if not {_distribution(name) for name in owners.get(top, [])} & declared:
                faults.append(f"{name_of(path)} imports {top}, which pyproject.toml does not name")
    assert not faults, "\n".join(faults)


CYTHON_ONLY = {"libc", "libcpp", "cpython", "posix", "cython"}


def _distribution(text: str) -> str:
    name = text.split("[")[0].split(">")[0].split("=")[0].split("<")[0]
    return name.strip().lower().replace("_", "-")


# The rules themselves, tried on trees that break them.


def test_an_arrow_up_is_found() -> None:
    assert package_faults("drivers.base", {"mediaserver.config"})
    assert package_faults("drivers.base", {"fax.session"})
    assert package_faults("dsp_ext.engine", {"drivers.events"})
    assert package_faults("web.app", {"dsp_ext.engine"})
    assert package_faults("web.app", {"mediaserver.call.leg"})
    assert package_faults("web.app", {"mediaserver.recording.recorder"})
    assert package_faults("mediaserver.app", {"tests.lab"})
    assert floor_faults("mediaserver.call.leg", {"mediaserver.acd.queue"})
    assert floor_faults("mediaserver.clock", {"mediaserver.bus"})
    assert floor_faults("mediaserver.attic.box", set())


def test_an_arrow_down_is_let_pass() -> None:
    assert not package_faults("web.gateway", {"mediaserver.cti.client", "mediaserver.db.models"})
    assert not package_faults("drivers.boards.virtual.board", {"dsp_ext.port", "numpy"})
    assert not floor_faults("mediaserver.acd.queue", {"mediaserver.call.leg", "mediaserver.bus"})


def test_a_circle_is_found() -> None:
    assert circle_in({"call": {"cdr"}, "cdr": {"recording"}, "recording": {"call"}})
    assert not circle_in({"call": {"cdr"}, "recording": {"call", "cdr"}, "cdr": set()})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from mediaserver.bus cimport thing", "mediaserver.bus"),
        ("cimport drivers.base as base", "drivers.base"),
        ("    from drivers import (\n    base,\n    events)", "drivers.events"),
        ("from . cimport ring", "dsp_ext.ring"),
        ("from .ring cimport ring_t", "dsp_ext.ring.ring_t"),
        ("import numpy as np, mediaserver.app", "mediaserver.app"),
    ],
)
def test_cython_imports_are_found(text: str, name: str) -> None:
    assert name in of_cython(text, package="dsp_ext")


def test_words_in_docstrings_and_comments_are_not_imports() -> None:
    text = '"""\nimport mediaserver.app\n"""\nx = 1  # import web.app\n'
    assert not of_cython(text)


def test_this_file_is_read_as_any_other() -> None:
    assert "tests.house.tree" in imported(Path(__file__))
