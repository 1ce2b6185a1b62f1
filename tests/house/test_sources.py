"""Small rooms, said what they are for, with nothing left lying about."""

from __future__ import annotations

import re

import pytest

from tests.house.docstrings import missing, missing_in_cython, missing_in_python
from tests.house.tree import ROOT, name_of, sources

MAX_LINES = 500

# Compiler directives are set once, in setup.py: a file that sets its own would escape the build
# with bounds checks.
DIRECTIVE = re.compile(
    r"^\s*#\s*cython\s*:|@(?:cython\.)?(?:boundscheck|wraparound|cdivision|initializedcheck)\b"
)
LEFTOVER = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
CONTROL_CLOCKS = re.compile(r"\btime\.(?:time|monotonic|sleep|time_ns|monotonic_ns)\s*\(")
# Where a clock of the machine itself is the point.
CLOCK_ROOMS = ("mediaserver/clock.py", "mediaserver/cli", "mediaserver/demo", "mediaserver/doctor")


def _all_sources() -> list[str]:
    return [name_of(path) for path in (*sources(), *sources("tests"), ROOT / "setup.py")]


def _lines_matching(pattern: re.Pattern[str], names: list[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name in names
        for number, line in enumerate((ROOT / name).read_text("utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_is_longer_than_a_room_may_be() -> None:
    faults = []
    for name in _all_sources():
        lines = len((ROOT / name).read_text("utf-8").splitlines())
        if lines > MAX_LINES:
            faults.append(f"{name}: {lines} lines, at most {MAX_LINES}")
    assert not faults, "\n".join(faults)


def test_public_things_say_what_they_are_for() -> None:
    faults = [
        f"{name_of(path)}: {name}"
        for path in sources(suffixes=(".py", ".pyx"))
        if "migrations/versions" not in name_of(path)
        for name in missing(path)
    ]
    assert not faults, "no docstring:\n" + "\n".join(faults)


def test_compiler_directives_are_set_in_one_place() -> None:
    names = [name_of(path) for path in sources(suffixes=(".pyx", ".pxd"))]
    faults = _lines_matching(DIRECTIVE, names)
    assert not faults, "\n".join(faults)


def test_nothing_is_left_for_later() -> None:
    names = [name for name in _all_sources() if name != "tests/house/test_sources.py"]
    faults = _lines_matching(LEFTOVER, names)
    assert not faults, "\n".join(faults)


def test_control_code_takes_its_time_from_the_loop() -> None:
    names = [
        name_of(path)
        for path in sources("mediaserver", "drivers", suffixes=(".py",))
        if not name_of(path).startswith(CLOCK_ROOMS)
    ]
    faults = _lines_matching(CONTROL_CLOCKS, names)
    assert not faults, "use loop.time() and asyncio.sleep():\n" + "\n".join(faults)


def test_tests_do_not_sleep() -> None:
    names = [name_of(path) for path in sources("tests") if "house" not in path.parts]
    faults = _lines_matching(re.compile(r"\btime\.sleep\s*\("), names)
    assert not faults, "\n".join(faults)


def test_a_missing_docstring_is_found_in_python() -> None:
    long = "def f():\n" + 9 * "    print()\n"
    assert missing_in_python(long) == ["(module)", "f"]
    assert missing_in_python('"""m."""\nclass A:\n    def go(self): ...\n') == ["A"]
    assert not missing_in_python('"""m."""\nclass A:\n    x = 1\ndef f(): pass\n')
    assert not missing_in_python('"""m."""\ndef _f(): pass\n')
    assert not missing_in_python("")


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("def f(int x):\n    return x\n", ["f"]),
        ("cdef class A:\n    cdef int x\n", ["A"]),
        ('def f(int x,\n      int y):\n    """Sum."""\n    return x\n', []),
        ('def f(dict a={"k": 1}):\n    r"""Say."""\n', []),
        ("cdef void f(int x) noexcept nogil:\n    pass\n", []),
        ("cpdef int f(int x):\n    return x\n", ["f"]),
    ],
)
def test_a_missing_docstring_is_found_in_cython(body: str, names: list[str]) -> None:
    assert missing_in_cython('"""A module."""\n' + body) == names
