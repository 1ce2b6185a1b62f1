"""What ran in the guests, on DAHDI's real modules: what is in inside/."""

from __future__ import annotations

import pytest

from tests.lab.dahdi.prepare import LabUnavailable
from tests.lab.dahdi.suites import SUITES, Boots, shares


def test_every_suite_has_a_guest() -> None:
    assert sorted(suite for share in shares() for suite in share) == SUITES


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_the_guests_suite_passes(boots: Boots, suite: str) -> None:
    try:
        verdicts = boots.verdicts(suite)
    except LabUnavailable as problem:
        pytest.skip(f"no DAHDI lab: {str(problem).splitlines()[0]}")
    cases = {name: fault for name, fault in verdicts.items() if name.startswith(f"{suite}::")}
    assert cases, f"{suite} did not run in the guest"
    faults = [f"{name}\n{fault}" for name, fault in cases.items() if fault]
    assert not faults, "\n\n".join(faults)
