"""The fuzz campaign, shortened; and that it would notice what it looks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.events import Connected, Released, Setup
from drivers.signalling.pri.link import PriLink
from tests.drivers.pri import asan_libpri, fuzz_corpus, fuzz_pri
from tests.drivers.pri.fuzz_peer import STATES, Peer

#: About half a minute of processor time; the seconds are a fuse for a machine that hangs.
MESSAGES, FUSE_S = 1_000_000, 900


def test_a_million_spoilt_messages_under_address_sanitizer(capsys):
    try:
        told = fuzz_pri.run(MESSAGES, seconds=FUSE_S, seed=1, asan=True)
    except asan_libpri.Unavailable as error:
        pytest.skip(f"libpri cannot be built with AddressSanitizer here: {error}")
    with capsys.disabled():
        print(f"\n{told['messages']:,} messages through libpri {told['libpri']}", end=" ")
    assert told["libpri"] == "with AddressSanitizer"
    assert told["messages"] >= MESSAGES


def test_spoilt_messages_without_it():
    assert fuzz_pri.run(60_000, seconds=FUSE_S, seed=2, asan=False)["messages"] >= 60_000


def test_every_message_is_in_the_corpus_cut_and_flipped_everywhere():
    kinds = {kind for kind, _ in fuzz_corpus.CORPUS}
    assert {0x01, 0x02, 0x03, 0x05, 0x07, 0x0D, 0x0F, 0x45, 0x46, 0x4D, 0x4E, 0x5A} <= kinds
    assert {0x62, 0x6E, 0x75, 0x7B, 0x7D, 0x24, 0x31} <= kinds
    message = fuzz_corpus.whole(0x05, fuzz_corpus.PARTIES, 1)
    spoilt = list(fuzz_corpus.spoilt(message))
    assert len(spoilt) == len(message) * 10 and message not in spoilt
    assert spoilt[: len(message)] == [message[:at] for at in range(len(message))]


@pytest.mark.parametrize("side", ("user", "network"))
@pytest.mark.parametrize("state", STATES)
def test_calls_come_into_every_state(state, side):
    peer = Peer(side, "euroisdn")
    cref = peer.call(state)
    states = [call.state.value for call in peer.link.calls()]
    shown = {"ringing": "accepted", "answered": "active", "delivered": "proceeding"}
    assert states == ([] if state == "null" else [shown.get(state, state)])
    from_link = ("dialling", "sending", "proceeding", "delivered", "active")
    assert bool(cref & 0x8000) == (state in from_link)
    peer.clear()
    peer.wait(5)
    assert not peer.link.calls()


def test_a_stray_connect_acknowledge_does_not_keep_a_call_for_ever():
    """libpri stops T305 for it."""
    peer = Peer("user", "euroisdn")
    cref = peer.call("clearing")
    peer.message(cref, "0f")
    peer.pump()
    peer.wait(30)
    assert [call.state.value for call in peer.link.calls()] == ["clearing"]
    peer.wait(20)
    assert not peer.link.calls() and peer.link.is_idle(1)


@pytest.mark.parametrize(
    "events",
    [
        [Released("E1", 2, 16)],
        [Connected("E1", 2)],
        [Setup("E1", 3, 1, None), Setup("E1", 3, 1, None)],
        [Setup("E1", 3, 1, None), Released("E1", 3, 16), Released("E1", 3, 16)],
    ],
)
def test_a_broken_promise_is_noticed(events):
    with pytest.raises(AssertionError):
        fuzz_pri.Promises().hear(events)


def test_a_call_that_never_ends_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    diary = tmp_path / "diary"
    diary.touch()
    monkeypatch.setattr(PriLink, "release", lambda *given: None)
    batch = [(0x6E, fuzz_corpus.whole(0x6E, b"", 0))]
    with pytest.raises(AssertionError, match="left"):
        fuzz_pri.Campaign(1, diary)._batch(("user", "euroisdn"), "active", batch)


def test_a_process_that_dies_is_told_with_what_it_was_doing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fuzz_pri.sys, "executable", "/bin/false")
    with pytest.raises(fuzz_pri.Failed, match="exit 1, seed 9"):
        fuzz_pri.run(1, seconds=1, seed=9, asan=False)
