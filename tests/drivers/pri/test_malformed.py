"""What comes in wrong: single bad frames by name, then storms of mutated ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import DriverError, SetupRequest
from drivers.events import CallEvent, Disconnected, Number, Released, Setup, SignallingFault
from drivers.signalling.pri import q931
from tests.drivers.pri.harness import Pair

HEADER = bytes.fromhex("00010000")
SETUP = bytes.fromhex("080200010504038090a31803a983817006813130303836a1")


def bad(hexes: str) -> bytes:
    return HEADER + bytes.fromhex(hexes)


BAD_MESSAGES = {
    "no message at all": ("", "message too short"),
    "cut in the call reference": ("0802", "message too short"),
    "cut before the type": ("08020001", "message too short"),
    "a call reference of 15 octets": ("080f0001", "call reference"),
    "another protocol": ("0302000105", "protocol discriminator"),
    "an element past the end": ("080200010570808131", "information element"),
    "an element with no length": ("080200010570", "information element"),
    "an empty called number": ("08020001057000", "information element"),
    "a called number whose header never ends": ("0802000105700401313233", "information element"),
    "a calling number whose header never ends": ("08020001056c020031", "information element"),
    "a bearer of one octet": ("0802000105040180", "information element"),
    "a cause of one octet": ("0802000145080180", "information element"),
    "a call with the global call reference": ("0802000005", "call reference"),
    "a RESTART of the D channel": ("08020000461801ac790180", "channel"),
    "a RESTART of the channels named without one": ("0802000046790180", "channel"),
    "a RESTART of no channel": ("08020000461803a98380790180", "channel"),
    "a RESTART of an empty slot map": ("08020000461806a99300000000790180", "channel"),
    "too long": ("08020001057e" + "ff" + "41" * 255 + "7e0241", "frame too long"),
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_a_bad_message_is_reported_and_acknowledged(name):
    """Layer 2 must go on, or the far end would repeat the frame until the link breaks."""
    pair = Pair()
    message, what = BAD_MESSAGES[name]
    events = pair.net.feed(bad(message), pair.now)
    assert [type(event) for event in events] == [SignallingFault]
    assert events[0].what == what
    assert pair.net.feed(bytes.fromhex("00010200") + SETUP, pair.now)[0].channel == 1


def test_a_named_interface_is_no_channel_to_restart():
    for channel in ("80", "87"):
        frame = bad("0802000046" + "1804e98183" + channel + "790180")
        if channel == "87":
            assert q931.parse(frame, nfas=True) is not None
        else:
            with pytest.raises(q931.MalformedError, match="RESTART"):
                q931.parse(frame, nfas=True)


@pytest.mark.parametrize(
    "frame",
    ["", "00", "0001", "00017f00"[:4], "fcff03", "00ff03", "0201", "000101", "040100000802000105"],
)
def test_a_bad_frame_is_dropped(frame):
    pair = Pair()
    events = pair.net.feed(bytes.fromhex(frame), pair.now)
    assert [type(event) for event in events] == [SignallingFault]
    assert not pair.net.take_frames()


def test_an_unknown_message_is_answered_with_status_and_the_call_goes_on():
    pair = Pair()
    ref, far = pair.talk()
    cref = pair.net.calls()[0].cref

    class Once:
        done = False

    def smuggle(frame: bytes) -> bytes:
        """Turn the first message from the user's side into one nobody knows."""
        if len(frame) > 8 and not frame[2] & 1 and not Once.done:
            Once.done = True
            return frame[:4] + bytes([8, 2, cref >> 8, cref & 255, 0x3F])
        return frame

    pair.spoil = smuggle
    other = pair.call("user", 2)
    assert pair.last("net", SignallingFault).what == "unknown message"
    pair.run(5)  # T303: the SETUP comes again
    assert pair.last("net", Setup).channel == 2 and not pair.story("user", other)
    assert pair.net.calls()[0].ref == far and pair.user.calls()[0].ref == ref


def test_messages_are_read_right():
    message = q931.parse(HEADER + SETUP)
    assert message is not None and message.name == "SETUP" and message.cref == 1
    assert message.elements[0x70] == b"\x8110086"
    disconnect = q931.parse(bad("08028001450802829 11e028288".replace(" ", "")))
    assert disconnect is not None and disconnect.inband and disconnect.cause == 17
    assert disconnect.cref == 0x8001
    shifted = q931.parse(bad("080200017b9e700131" + "700281" + "32"))
    assert shifted is not None and shifted.elements[0x70] == b"\x812"
    assert q931.parse(bytes.fromhex("00017f")) is None
    assert q931.parse(bytes.fromhex("00010101")) is None
    with_octet_3a = q931.parse(bad("08020001450803028092"[:-2] + "92"))
    assert with_octet_3a is not None and with_octet_3a.cause == 18


@given(st.binary(max_size=300))
@settings(max_examples=500, deadline=None)
def test_the_walker_takes_anything(data):
    for frame in (data, HEADER + data, HEADER + b"\x08\x02\x00\x01" + data):
        try:
            message = q931.parse(frame)
        except q931.MalformedError as error:
            assert error.layer in (2, 3) and error.what
        else:
            assert message is None or (message.cause is None or 0 <= message.cause < 128)


def test_numbers_from_the_line_hold_nothing_but_dialling_characters():
    pair = Pair()
    evil = SETUP.replace(b"10086", b"1;<\x01'")
    offered = pair.net.feed(HEADER + evil, pair.now)[0]
    assert offered.called.digits == "1"


class Mutator:
    """Spoils some frames: in the message mostly, now and then in the data link's octets."""

    def __init__(self, seed: int, rate: float, layer2: bool) -> None:
        self.random = random.Random(seed)
        self.rate, self.layer2 = rate, layer2
        self.spoilt = 0

    def __call__(self, frame: bytes) -> bytes:
        if self.random.random() > self.rate:
            return frame
        keep = 0 if self.layer2 and self.random.random() < 0.2 else 4
        head, body = frame[:keep], bytearray(frame[keep:])
        if not body:
            return frame
        self.spoilt += 1
        for _ in range(self.random.randint(1, 4)):
            self._spoil(body)
        return head + bytes(body)

    def _spoil(self, body: bytearray) -> None:
        pick = self.random
        at = pick.randrange(len(body) + 1)
        how = pick.randrange(6)
        if how == 0:
            del body[at:]
        elif how == 1:
            body[at:at] = pick.randbytes(pick.randint(1, 8))
        elif how == 2 and at < len(body):
            del body[at : at + pick.randint(1, 4)]
        elif how == 3 and at < len(body):
            body[at] ^= 1 << pick.randrange(8)
        elif how == 4 and at < len(body):
            body[at] = pick.choice((0, 1, 0x7F, 0x80, 0xFF, 0x6C, 0x70, 0x74, 0x4C))
        else:
            body += body[: pick.randint(0, 40)]


def _storm(pair: Pair, mutator: Mutator, rounds: int) -> None:
    """Calls from both ends through a line that spoils frames."""
    pick = random.Random(mutator.random.random())
    pair.spoil = mutator
    for _ in range(rounds):
        side = pick.choice(("user", "net"))
        name, calling = pick.choice(("", "Li")), Number(pick.choice(("", "139")))
        request = SetupRequest(0, Number("10086"), calling, name, pick.random() < 0.7)
        try:
            pair.links[side].setup(request, pair.now)
        except DriverError:
            pair.run(2)
            continue
        pair.run(0.05)
        for end in pair.links:
            for call in list(pair.links[end].calls()):
                step = pick.choice(("acknowledge", "proceeding", "alerting", "answer", "release"))
                try:
                    if step == "release":
                        pair.links[end].release(call.ref, pick.randint(1, 127), pair.now)
                    else:
                        getattr(pair.links[end], step)(call.ref, pair.now)
                except DriverError:
                    continue
        pair.run(pick.choice((0.05, 0.5)))


def _calm(pair: Pair) -> None:
    """A good line again: everybody hangs up, timers run out."""
    pair.spoil = lambda frame: frame
    pair.run(20)
    for _ in range(2):
        for end, link in pair.links.items():
            for call in list(link.calls()):
                try:
                    link.release(call.ref, 16, pair.now)
                except DriverError:
                    raise AssertionError(f"{end}: {call} cannot be released") from None
        pair.run(45)
        pair.follow()
        pair.run(45)


@given(st.integers(0, 2**32), st.sampled_from((0.1, 0.3, 0.8)), st.booleans())
@settings(max_examples=40, deadline=None)
def test_after_a_storm_both_ends_still_place_calls(seed, rate, layer2):
    pair = Pair(net={"overlap": True}, user={"overlap": True})
    mutator = Mutator(seed, rate, layer2)
    _storm(pair, mutator, 40)
    _calm(pair)
    assert pair.idle(), (pair.net.calls(), pair.user.calls())
    for end in pair.links:
        events = [event for event in pair.log[end] if isinstance(event, CallEvent)]
        ended = [event.ref for event in events if isinstance(event, Released)]
        assert len(ended) == len(set(ended))
        assert {event.ref for event in events} <= set(ended)
        assert all(pair.links[end].is_idle(c) for c in pair.links[end].settings.channels)
    for caller in pair.links:
        pair.talk(caller, 3)
        pair.links[caller].release(pair.links[caller].calls()[-1].ref, 16, pair.now)
        pair.run(0.1)
        pair.follow()
        pair.run(0.1)
    assert mutator.spoilt > 10


def test_thousands_of_mutated_frames_on_one_pair():
    pair = Pair()
    mutator = Mutator(7, 0.5, True)
    while mutator.spoilt < 5000:
        _storm(pair, mutator, 50)
        _calm(pair)
    assert pair.idle()
    ref, _ = pair.talk("net", 30)
    pair.net.release(ref, 16, pair.now)
    pair.run(0.1)
    assert pair.of("user", Disconnected) and pair.of("user", Setup)
