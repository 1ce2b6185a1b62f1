"""The guests of a test run: each boots by itself and runs its share of what is in inside/.

They take minutes and a processor each, so they begin at once, in the background and below all else,
and whoever wants to know what became of a suite waits for its guest.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tests.lab.dahdi import guest
from tests.lab.dahdi.prepare import HERE, ROOT, Lab, prepare

SUITES = sorted(path.stem for path in (HERE / "inside").glob("test_*.py"))
#: The long ones, by turns; the others follow.
LONG: tuple[str, ...] = ("test_scenarios", "test_exchange_lines", "test_ports", "test_card_alarms")
GUESTS = 2


def shares() -> list[list[str]]:
    """The suites of each guest, about as much for one as for the other."""
    ordered = [*LONG, *(suite for suite in SUITES if suite not in LONG)]
    return [ordered[n::GUESTS] for n in range(GUESTS)]


class Boots:
    """Raises nothing as it begins; `verdicts` does."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="dahdi-guests-")
        self._running: list[subprocess.Popen[bytes]] = []
        self._closed = False
        self._pool = ThreadPoolExecutor(GUESTS)
        self._found: dict[str, Future[dict[str, str]]] = {}
        for number, share in enumerate(shares()):
            found = self._pool.submit(self._run, Path(self._directory.name) / str(number), share)
            self._found |= dict.fromkeys(share, found)

    def verdicts(self, suite: str) -> dict[str, str]:
        """ "suite::test" → "" or what went wrong. LabUnavailable where no guest can be booted."""
        return self._found[suite].result()

    def close(self) -> None:
        """End those that still run."""
        self._closed = True
        for process in self._running:
            process.kill()
        self._pool.shutdown()
        self._directory.cleanup()

    def _run(self, share: Path, suites: list[str]) -> dict[str, str]:
        lab = prepare()
        report = share / "report.xml"
        files = " ".join(f"tests/lab/dahdi/inside/{suite}.py" for suite in suites)
        outcome = boot(
            lab,
            share,
            f"{sys.executable} -m pytest -q -p no:cacheprovider -p no:xdist"
            f" --junitxml={report} {files}",
            self,
        )
        if not report.exists():
            raise RuntimeError(f"the guest gave no report:\n{outcome.output}\n{outcome.console}")
        return _read(report)

    def started(self, process: subprocess.Popen[bytes]) -> None:
        self._running.append(process)
        if self._closed:
            process.kill()


def boot(lab: Lab, share: Path, command: str, boots: Boots | None = None) -> guest.Outcome:
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
    script = f"{exports}\n. {HERE}/prelude.sh\n{command}\n"
    return guest.run(lab, share, script, started=boots.started if boots else None)


def _read(report: Path) -> dict[str, str]:
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        faults = [each.text or "failed" for each in case if each.tag in ("failure", "error")]
        suite = case.get("classname", "").rsplit(".", 1)[-1]
        found[f"{suite}::{case.get('name')}"] = "\n".join(faults)
    return found
