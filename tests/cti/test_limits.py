"""The counters behind the limits, under a clock of their own."""

from __future__ import annotations

from mediaserver.cti.limits import Limits, LoginGuard, TokenBucket


def test_bucket_refills_up_to_its_burst() -> None:
    bucket = TokenBucket(rate=2, burst=4, now=0)
    assert [bucket.take(1, 0) for _ in range(5)] == [True] * 4 + [False]
    assert bucket.take(1, 0.5)
    assert not bucket.take(1, 0.5)
    assert [bucket.take(1, 100) for _ in range(5)] == [True] * 4 + [False]


def test_guard_blocks_by_login_then_by_address_and_forgets() -> None:
    now = 0.0
    guard = LoginGuard(
        Limits(login_failures=2, login_failures_per_address=4, login_window_s=60), lambda: now
    )
    guard.failed("a", "alice")
    assert guard.wait_s("a", "alice") == 0
    guard.failed("a", "alice")
    assert guard.wait_s("a", "alice") == 60
    assert guard.wait_s("a", "bob") == 0
    assert guard.wait_s("b", "alice") == 0  # an attacker elsewhere locks nobody out
    guard.failed("a", "x")
    guard.failed("a", "y")
    assert guard.wait_s("a", "bob") == 60
    now = 30.0
    assert guard.wait_s("a", "bob") == 30
    now = 60.0
    assert guard.wait_s("a", "bob") == 0
    guard.failed("c", "z")
    assert set(guard._failures) == {("c", "z"), ("c", None)}


def test_a_right_password_clears_the_logins_count() -> None:
    guard = LoginGuard(Limits(login_failures=2), lambda: 0.0)
    guard.failed("a", "alice")
    guard.succeeded("a", "alice")
    guard.failed("a", "alice")
    assert guard.wait_s("a", "alice") == 0
