"""How much a CTI client may ask of the server, and the counters that hold it to that."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, sizes in octets."""

    login_s: float = 10.0  # to log in over TCP
    line_s: float = 10.0  # to finish a line once begun
    linger_s: float = 2.0  # to read our last words before the connection is cut
    heartbeat_s: float = 5.0
    max_line: int = 64 * 1024
    max_unsent: int = 1024 * 1024
    max_pending: int = 32  # requests read but not answered, before reading pauses
    requests_per_s: float = 50.0
    request_burst: float = 200.0
    trusted_factor: float = 10.0  # the console asks for many people
    connections: int = 256
    connections_per_address: int = 32
    login_failures: int = 5  # per address and login, in each `login_window_s`
    login_failures_per_address: int = 20
    login_window_s: float = 60.0


class TokenBucket:
    """`rate` tokens a second, at most `burst` saved up."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._tokens, self._at = burst, now

    def take(self, cost: float, now: float) -> bool:
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True


class LoginGuard:
    """Failed logins in a sliding window, by address and by address and login."""

    def __init__(self, limits: Limits, time: Callable[[], float]) -> None:
        self._limits, self._time = limits, time
        self._failures: dict[tuple[str, str | None], deque[float]] = {}

    def wait_s(self, address: str, login: str) -> float:
        """Seconds until another attempt is allowed; 0 when it is now."""
        limits = self._limits
        return max(
            self._left((address, login), limits.login_failures),
            self._left((address, None), limits.login_failures_per_address),
        )

    def failed(self, address: str, login: str) -> None:
        for key in ((address, login), (address, None)):
            self._failures.setdefault(key, deque()).append(self._time())
        self._forget()

    def succeeded(self, address: str, login: str) -> None:
        self._failures.pop((address, login), None)

    def _left(self, key: tuple[str, str | None], allowed: int) -> float:
        times = self._failures.get(key)
        if not times:
            return 0.0
        start = self._time() - self._limits.login_window_s
        while times and times[0] <= start:
            times.popleft()
        return times[-allowed] - start if len(times) >= allowed else 0.0

    def _forget(self) -> None:
        """Drop keys whose last failure is past the window, so that names do not pile up."""
        start = self._time() - self._limits.login_window_s
        for key in [
            key for key, times in self._failures.items() if not times or times[-1] <= start
        ]:
            del self._failures[key]
