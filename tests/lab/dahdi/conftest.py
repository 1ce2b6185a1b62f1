"""The lab is built once a run; where it cannot be, its tests are skipped with the reason.

The guests are slow and need one processor each: they boot as the run begins, beside all other
tests, and the tests that look at what became of them come last.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.dahdi.prepare import Lab, LabUnavailable, prepare
from tests.lab.dahdi.suites import Boots

HERE = Path(__file__).parent
_boots = pytest.StashKey[Boots]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_looks_at_guests)  # otherwise as they were


def pytest_collection_finish(session: pytest.Session) -> None:
    if (
        any(_looks_at_guests(item) for item in session.items)
        and not session.config.option.collectonly
    ):
        session.stash[_boots] = Boots()


def _looks_at_guests(item: pytest.Item) -> bool:
    return item.path.parent == HERE and item.path.name == "test_guest.py"


def pytest_sessionfinish(session: pytest.Session) -> None:
    if (boots := session.stash.get(_boots, None)) is not None:
        boots.close()


@pytest.fixture(scope="session")
def boots(request: pytest.FixtureRequest) -> Boots:
    """The guests that run since the run began."""
    return request.session.stash[_boots]


@pytest.fixture(scope="session")
def lab() -> Lab:
    try:
        return prepare()
    except LabUnavailable as problem:
        pytest.skip(f"no DAHDI lab: {str(problem).splitlines()[0]}")
