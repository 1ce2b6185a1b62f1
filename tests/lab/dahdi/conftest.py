"""The lab is built once a run; where it cannot be, its tests are skipped with the reason."""

from __future__ import annotations

import pytest

from tests.lab.dahdi.prepare import Lab, LabUnavailable, prepare


@pytest.fixture(scope="session")
def lab() -> Lab:
    try:
        return prepare()
    except LabUnavailable as problem:
        pytest.skip(f"no DAHDI lab: {str(problem).splitlines()[0]}")
