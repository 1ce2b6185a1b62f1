"""Boots the guest and runs there, on DAHDI's real modules, what is in inside/."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.lab.dahdi import guest
from tests.lab.dahdi.prepare import HERE, ROOT, Lab

SUITES = sorted(path.stem for path in (HERE / "inside").glob("test_*.py"))


def boot(lab: Lab, share: Path, command: str) -> guest.Outcome:
    """Run `command` in a guest with DAHDI loaded and its spans set up (system.conf)."""
    places = {
        "LAB_MODULES": lab.modules,
        "LAB_TOOLS": lab.tools,
        "LAB_OPENR2": lab.openr2,
        "LAB_CONF": HERE / "system.conf",
        "LAB_ROOT": ROOT,
        "LAB_SHARE": share,
    }
    exports = "\n".join(f"export {name}={path}" for name, path in places.items())
    return guest.run(lab, share, f"{exports}\n. {HERE}/prelude.sh\n{command}\n")


@pytest.fixture(scope="session")
def verdicts(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """ "suite::test" → "" or what went wrong, of one boot."""
    share = tmp_path_factory.mktemp("guest")
    report = share / "report.xml"
    outcome = boot(
        lab,
        share,
        f"{sys.executable} -m pytest -q -p no:cacheprovider -p no:xdist"
        f" --junitxml={report} tests/lab/dahdi/inside",
    )
    print(outcome.output)
    if not report.exists():
        pytest.fail(f"the guest gave no report:\n{outcome.output}\n{outcome.console}")
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        faults = [each.text or "failed" for each in case if each.tag in ("failure", "error")]
        suite = case.get("classname", "").rsplit(".", 1)[-1]
        found[f"{suite}::{case.get('name')}"] = "\n".join(faults)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_the_guests_suite_passes(verdicts: dict[str, str], suite: str) -> None:
    cases = {name: fault for name, fault in verdicts.items() if name.startswith(f"{suite}::")}
    assert cases, f"{suite} did not run in the guest"
    faults = [f"{name}\n{fault}" for name, fault in cases.items() if fault]
    assert not faults, "\n\n".join(faults)
