"""Lines whose clock is not the engine's slip by whole blocks: what they delay does not grow."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.engine.fdlines import BLOCK, IDLE, Stalled

TICKS = 20_000
#: Twenty times what clocks of cards are allowed: a block of slip in a thousand.
PPM = 1000
#: By how much a tick may be late, in blocks.
LATE = 0.02


@dataclass
class Line:
    """The far side of a driver: by a clock of its own it takes a block and gives one."""

    driver: Stalled
    ppm: float
    phase: float = 0.5
    given: int = 0

    def until(self, now: float) -> None:
        """All that ends before `now`, in blocks of the engine's clock."""
        while (self.given + self.phase) * (1 - self.ppm / 1e6) <= now:
            self.block()

    def block(self) -> None:
        self.driver.pump()
        if self.driver.queue:
            self.driver.queue.popleft()
            if not self.driver.queue:
                self.driver.stalls()  # the driver tells that it has nothing to send
        self.given += 1
        self.driver.receives(self.given % 200)


@pytest.fixture(params=[1, 2])
def driver(request: pytest.FixtureRequest) -> Iterator[Stalled]:
    """By how many blocks are sent ahead."""
    made = Stalled(prefill=request.param)
    made.fds.port.pace(False)
    yield made
    made.close()


@pytest.mark.parametrize("ppm", [PPM, -PPM])
def test_a_line_of_another_clock_slips_and_its_delay_does_not_drift(
    driver: Stalled, ppm: float
) -> None:
    line, chance = Line(driver, ppm), random.Random(1)
    behind, ahead = [], []
    for tick in range(TICKS):
        line.until(tick + LATE * chance.random())
        heard = driver.tick(7)
        driver.pump()
        if tick > 200 and heard != IDLE:
            behind.append((line.given - heard) % 200)
            ahead.append(len(driver.queue))
    counts = driver.fds.counts(0)
    prefill = driver.fds.prefill
    assert max(behind) <= 1, "one more than is due, until it has waited long enough"
    assert max(ahead) <= prefill + 2
    assert sum(each < prefill for each in ahead) <= 1, "it may run dry once, before the first slip"
    assert counts["tx_gaps"] <= BLOCK
    assert abs(counts["slips"] - TICKS * PPM / 1e6) <= 2
    assert counts["rx_gaps"] <= (TICKS * PPM / 1e6 + 1) * BLOCK * (ppm < 0)


def test_the_same_clock_does_not_slip(driver: Stalled) -> None:
    line, chance = Line(driver, 0), random.Random(1)
    for tick in range(2000):
        line.until(tick + LATE * chance.random())
        driver.tick(7)
    assert driver.fds.counts(0) == {"rx_gaps": 0, "tx_gaps": 0, "slips": 0}


def test_a_line_that_stood_still_comes_back_as_late_as_it_was(driver: Stalled) -> None:
    """As long as the driver gives nothing it takes nothing: what we send then would stay in it."""
    line = Line(driver, 0)
    for tick in range(100):
        line.until(tick)
        driver.tick(7)
    driver.pump()
    before = len(driver.queue)
    for _ in range(30):
        driver.tick(7)
    driver.pump()
    assert len(driver.queue) == before + 1
    assert driver.fds.counts(0) == {"rx_gaps": 30 * BLOCK, "tx_gaps": 29 * BLOCK, "slips": 0}
    line.phase += 30
    for tick in range(130, 400):
        line.until(tick)
        driver.tick(7)
    driver.pump()
    assert len(driver.queue) == before + 1
    assert driver.fds.counts(0)["rx_gaps"] == 30 * BLOCK


def test_a_block_that_was_missed_for_events_does_not_make_a_channel_late(driver: Stalled) -> None:
    """A storm of events, more than are taken in one tick: its block waits for the next."""
    line = Line(driver, 0)
    for tick in range(400):
        line.until(tick)
        driver.storm = 20 if tick == 100 else driver.storm
        if driver.storm:
            driver.stalls()
        heard = driver.tick(7)
    assert heard == line.given % 200
    assert driver.fds.counts(0)["slips"] == 1


def test_a_channel_that_just_misses_the_clock_begins_anew(driver: Stalled) -> None:
    """Emptied a moment late, it would end each block after the tick that is to hear it."""
    driver.receives(1)
    driver.tick(7)  # begins
    driver.tick(7)  # misses: begins anew
    assert driver.flushed == [True, True]
    line = Line(driver, 0)
    for tick in range(100):
        line.until(tick + 0.6)
        assert driver.tick(7) == line.given
    driver.pump()
    assert len(driver.queue) == driver.fds.prefill + 1
    assert driver.flushed == [True, True]


def test_a_channel_that_never_comes_in_time_is_late_and_runs(driver: Stalled) -> None:
    driver.receives(1)
    for _ in range(10):
        driver.tick(7)
    assert driver.flushed == [True] * 4, "it begins, and three times anew"
    driver.receives(2)
    assert driver.tick(7) == 2
    assert driver.fds.counts(0)["rx_gaps"] == 5 * BLOCK
