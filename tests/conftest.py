"""What holds for every test: nothing leaves the machine, the same random cases, one summary.

Fixtures that only one room needs live in that room's own ``conftest.py``.
"""

from __future__ import annotations

import ipaddress
import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A test's verdict may not depend on how busy the machine is, nor on what was drawn this time.
settings.register_profile(
    "house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket's path
    host = str(address[0]).split("%")[0]
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """Refuse every connection that would leave the machine, naming where it wanted to go."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        original = getattr(socket.socket, name)

        def guarded(self: socket.socket, address: Any, _original: Any = original) -> Any:
            if not _is_local(address):
                raise AssertionError(f"a test tried to connect to {address!r}")
            return _original(self, address)

        patch.setattr(socket.socket, name, guarded)
    yield
    patch.undo()


def _skip_reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many tests ran, and once for each reason how many were skipped for it."""
    stats = terminalreporter.stats
    words = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
    counts = {word: len(stats.get(word, [])) for word in words}
    total = sum(counts.values())
    shown = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    terminalreporter.write_sep("-", "tests")
    terminalreporter.write_line(f"test count: {total} ({shown or 'none ran'})")
    for reason, count in Counter(map(_skip_reason, stats.get("skipped", []))).most_common():
        terminalreporter.write_line(f"  skipped {count:3d}: {reason}")
