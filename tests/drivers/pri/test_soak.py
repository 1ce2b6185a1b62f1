"""Calls, hang-ups, flaps and alarms at random; then peace, and no leftovers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import DriverError, SetupRequest
from drivers.events import CallEvent, Number, Released
from tests.drivers.pri.harness import Pair

STEPS = ("acknowledge", "proceeding", "alerting", "progress", "answer", "answer")


def _act(pair: Pair, pick: random.Random) -> None:
    name = pick.choice(("user", "net"))
    link = pair.links[name]
    try:
        what = pick.randrange(10)
        if what < 4:
            channel = pick.choice((0, 0, 1, 2, 30, 31))
            link.setup(SetupRequest(channel, Number("10086")), pair.now)
        elif what < 7 and link.calls():
            getattr(link, pick.choice(STEPS))(pick.choice(link.calls()).ref, pair.now)
        elif what < 9 and link.calls():
            link.release(pick.choice(link.calls()).ref, pick.randint(1, 127), pair.now)
        elif pick.random() < 0.05:
            link.restart(pick.choice(link.settings.channels), pair.now)
    except DriverError as error:
        assert 1 <= error.cause <= 127


def _trouble(pair: Pair, pick: random.Random) -> None:
    what = pick.randrange(4)
    if what == 0:
        pair.drop = lambda toward, frame: True
    elif what == 1:
        side = pick.choice(("user", "net"))
        pair.drop = lambda toward, frame: toward == side
    elif what == 2:
        rate = pick.choice((0.05, 0.3))
        pair.drop = lambda toward, frame: pick.random() < rate
    else:
        pair.drop = lambda toward, frame: True
        pair.run(2.5)
        for link in pair.links.values():
            link.drop_all(27, pair.now)
    pair.run(pick.choice((0.05, 1, 5, 20, 120)))
    if pick.random() < 0.7:
        pair.drop = lambda toward, frame: False


def soak(seed: int, steps: int) -> Pair:
    pick = random.Random(seed)
    options = {
        "overlap": True,
        "exclusive": pick.random() < 0.5,
        "t309_s": pick.choice((6.0, 90.0)),
    }
    pair = Pair(net=options, user=dict(options))
    for _ in range(steps):
        _act(pair, pick)
        pair.run(pick.choice((0.0, 0.0, 0.003, 0.02, 0.3)))
        if pick.random() < 0.3:
            pair.follow()
        if pick.random() < 0.02:
            _trouble(pair, pick)
    pair.drop = lambda toward, frame: False
    pair.run(30)
    for _ in range(2):
        for link in pair.links.values():
            for call in link.calls():
                link.release(call.ref, 16, pair.now)
        pair.run(60)
        pair.follow()
        pair.run(60)
    return pair


def check(pair: Pair) -> None:
    assert pair.idle(), (pair.net.calls(), pair.user.calls())
    for name, link in pair.links.items():
        ended = [event.ref for event in pair.of(name, Released)]
        assert len(ended) == len(set(ended))
        seen = {event.ref for event in pair.log[name] if isinstance(event, CallEvent)}
        assert seen == set(ended)
        busy = [channel for channel in link.settings.channels if not link.is_idle(channel)]
        assert not busy, (name, busy)
        for ref in ended:
            assert pair.story(name, ref)[-1] == "Released"
    for channel in pair.user.settings.channels:
        pair.talk("user" if channel % 2 else "net", channel)


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_peace_after_anything_leaves_no_call_and_no_busy_channel(seed):
    check(soak(seed, 300))


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_gives_the_same_events(seed):
    assert soak(seed, 200).log == soak(seed, 200).log
