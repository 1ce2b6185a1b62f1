"""Calls in talk whose signalling process died: what the far end asks and says of them."""

from __future__ import annotations

import pytest

from drivers.events import Released, Setup
from drivers.signalling.pri import q931
from drivers.signalling.pri.adopted import answered
from drivers.signalling.pri.calls import Adopted
from drivers.signalling.pri.link import PriLink
from drivers.signalling.pri.settings import PriSettings
from tests.drivers.pri.harness import SIDES, Pair, message_type

ENQUIRY, STATUS, RELEASE_COMPLETE = 0x75, 0x7D, 0x5A


class Orphans(Pair):
    """The user's end of a pair is started anew, and knows its calls by their references only."""

    def start_anew(self) -> None:
        calls = self.user.calls()
        adopted = [Adopted(call.ref, call.cref, call.channel) for call in calls]
        settings = PriSettings(side="user")
        more = {"now": self.now, "first_ref": 1000, "adopted": adopted}
        self.links["user"] = PriLink(settings, span="user", **more)

    def hear(self, cref: int, kind: int, *elements: int) -> None:
        """A message of the network for a call, in a frame without number."""
        message = bytes((q931.PROTOCOL, 2, *cref.to_bytes(2, "big"), kind, *elements))
        self.log["user"] += self.user.feed(bytes((2, 1, 3)) + message, self.now)

    def sent(self, *kinds: int) -> list[bytes]:
        """Messages of the user that go to the network from now on; filled as time passes."""
        found: list[bytes] = []

        def note(toward: str, frame: bytes) -> bool:
            if toward == "net" and message_type(frame) in kinds:
                found.append(frame[4:])
            return False

        self.drop = note
        return found


def orphan(caller: str) -> tuple[Orphans, int, int, int]:
    """(the pair, the user's ref, the net's ref, the reference as the user receives it)."""
    pair = Orphans()
    ref, far = pair.talk(caller)
    if caller == "net":
        ref, far = far, ref
    cref = pair.user.call_reference(ref)
    pair.start_anew()
    return pair, ref, far, cref


@pytest.mark.parametrize("caller", SIDES)
def test_an_exchange_that_asks_is_told_that_the_call_lives(caller):
    pair, ref, far, cref = orphan(caller)
    pair.run(5)
    sent = pair.sent(STATUS, RELEASE_COMPLETE)
    pair.hear(cref, ENQUIRY)
    pair.run(60)
    told = (cref ^ 0x8000).to_bytes(2, "big")
    assert sent == [b"\x08\x02" + told + bytes.fromhex("7d0802819e14010a")]
    assert not pair.ended("user", ref) and not pair.ended("net", far)
    pair.net.release(far, 16, pair.now)
    pair.run(5)
    assert pair.last("user", Released) == Released("user", ref, 16) and pair.idle()


def test_the_answer_is_the_same_when_it_is_sent_again():
    pair, ref, far, cref = orphan("user")
    pair.run(5)
    lost = []

    def lose(toward: str, frame: bytes) -> bool:
        if toward == "net" and message_type(frame) in (STATUS, RELEASE_COMPLETE) and len(lost) < 2:
            lost.append(message_type(frame))
            return True
        return False

    pair.drop = lose
    pair.hear(cref, ENQUIRY)
    pair.run(60)
    assert lost == [STATUS, STATUS]
    assert not pair.ended("user", ref) and not pair.ended("net", far)


@pytest.mark.parametrize("caller", SIDES)
def test_a_call_that_the_far_end_has_given_up_meanwhile_ends(caller):
    pair, ref, _, _ = orphan(caller)
    pair.links["net"] = PriLink(PriSettings(side="network"), span="net", now=pair.now)
    pair.run(10)
    assert pair.ended("user", ref) and pair.user.is_idle(1)
    pair.talk("net", 1)


def test_a_far_end_without_the_call_says_so_in_a_status():
    pair, ref, _, cref = orphan("net")
    pair.run(5)
    pair.hear(cref, STATUS, 0x08, 2, 0x82, 0x9E, 0x14, 1, 0x0A)
    assert not pair.ended("user", ref)
    pair.hear(cref, STATUS, 0x08, 2, 0x82, 0xE5, 0x14, 1, 0x00)
    pair.run(1)
    assert pair.last("user", Released) == Released("user", ref, 101)


@pytest.mark.parametrize("kind", sorted(set(q931.MESSAGES) - q931.CLEARING - {0x46, 0x4E}))
def test_no_other_message_ends_the_call(kind):
    pair, ref, far, cref = orphan("net")
    pair.run(5)
    pair.hear(cref, kind)
    pair.run(60)
    assert not pair.ended("user", ref) and not pair.ended("net", far)


def test_a_d_channel_that_comes_back_in_time_stops_t309():
    pair, ref, far, _ = orphan("user")
    pair.run(5)
    pair.drop = lambda toward, frame: True
    pair.run(60)
    assert not pair.user.up and not pair.ended("user", ref)
    pair.drop = lambda toward, frame: False
    pair.run(600)
    assert pair.user.up and not pair.ended("user", ref) and not pair.ended("net", far)


def test_only_the_calls_own_release_complete_is_changed():
    ours = bytes.fromhex("00010406080200055a08028090")
    assert answered(ours, {5})[4:] == bytes.fromhex("080200057d0802819e14010a")
    assert answered(ours, {0x8005, 6}) == ours
    for other in (
        bytes.fromhex("00010406080200054d08028090"),  # RELEASE
        bytes.fromhex("00010106080200055a08028090"),  # no I frame
        bytes.fromhex("0001040608020005"),
        bytes.fromhex("000173"),
    ):
        assert answered(other, {5}) == other


def test_new_calls_beside_them_are_cleared_as_ever():
    pair, ref, far, _ = orphan("user")
    pair.run(5)
    there = pair.call("net", 7)
    pair.user.release(pair.of("user", Setup)[-1].ref, 17, pair.now)
    pair.run(1)
    pair.follow()
    pair.run(1)
    assert pair.last("net", Released) == Released("net", there, 17)
    assert not pair.ended("user", ref) and not pair.ended("net", far)
