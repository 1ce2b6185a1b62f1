"""What a call carries besides numbers: who sent it on, sub-addresses, who answered, its cost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import DriverError
from drivers.events import (
    AdviceOfCharge,
    ChannelState,
    Connected,
    Number,
    Redirecting,
    Setup,
    SignallingFault,
)
from drivers.signalling.pri import binding as pri_binding
from drivers.signalling.pri.binding import RawCharge
from drivers.signalling.pri.pipe import pack_event, unpack_event
from drivers.signalling.pri.trace import decode
from drivers.signalling.pri.words import charge_event
from tests.drivers.pri.harness import SIDES, Pair


@pytest.mark.parametrize("caller", SIDES)
@pytest.mark.parametrize("reason", ("busy", "no reply", "unconditional", "deflected"))
def test_who_sent_the_call_on(caller, reason):
    pair = Pair()
    sent_on = Redirecting(Number("75512345", 2, 1, 0x01), reason=reason)
    pair.call(caller, redirecting=sent_on)
    told = pair.last(pair.other(caller), Setup).redirecting
    assert told is not None
    assert (told.number.digits, told.number.ton, told.reason) == ("75512345", 2, reason)
    assert told.count == 1


def test_a_name_comes_by_facility_on_qsig_and_ni2():
    for switch in ("qsig", "ni2"):
        pair = Pair(net={"switch": switch}, user={"switch": switch})
        pair.call("net", calling=Number("139", 2, 1), name="Li")
        assert pair.last("user", Setup).name == "Li", switch


@pytest.mark.parametrize(("tag", "shown"), [("80", "Li"), ("82", "")])
def test_a_name_that_is_withheld_is_not_shown(tag, shown):
    """Q.SIG's callingName (ECMA-164), allowed and restricted, beside a number that is not."""
    name = "1c189faa068001008201008b0100a10a020101020100" + tag + "024c69"
    numbers = "6c04008031337006813130303836"
    pair = Pair(net={"switch": "qsig"}, user={"switch": "qsig"})
    message = "080200010504038090a31803a18381" + name + numbers
    (setup,) = pair.user.feed(bytes.fromhex("020103" + message), pair.now)
    assert (setup.name, setup.calling.digits) == (shown, "13")


def test_a_name_of_who_answered_that_is_withheld_is_not_shown():
    pair = Pair(net={"switch": "qsig"}, user={"switch": "qsig"})
    pair.call("user", 3)
    cref = pair.net.calls()[0].cref | 0x8000
    name = "1c189faa068001008201008b0100a10a020101020102" + "82" + "024c69"
    message = f"0802{cref:04x}07" + "1803a98383" + name + "4c0400803133"
    pair.log["user"] += pair.user.feed(bytes.fromhex("020103" + message), pair.now)
    told = pair.last("user", Connected)
    assert told.number is not None and (told.number.digits, told.name) == ("13", "")


@pytest.mark.parametrize("caller", SIDES)
def test_sub_addresses(caller):
    pair = Pair()
    pair.call(
        caller, calling=Number("139", 2, 1), calling_subaddress="12", called_subaddress="DOOR7"
    )
    offered = pair.last(pair.other(caller), Setup)
    assert (offered.calling_subaddress, offered.called_subaddress) == ("12", "DOOR7")


def test_a_sub_address_that_is_no_text_is_hex():
    pair = Pair()
    setup = "080200010504038090a31803a9838170068131303038367104a0123456"
    events = pair.net.feed(bytes.fromhex("00010000" + setup), pair.now)
    assert events[0].called_subaddress == "123456"


@pytest.mark.parametrize("switch", ("euroisdn", "qsig"))
def test_who_answered(switch):
    pair = Pair(net={"switch": switch}, user={"switch": switch})
    ref = pair.call("user", 3)
    far = pair.last("net", Setup).ref
    pair.net.answer(far, pair.now, Number("10087", 2, 1, 0x03))
    pair.run(0.2)
    told = pair.last("user", Connected)
    assert told.ref == ref and told.number is not None
    assert (told.number.digits, told.number.ton) == ("10087", 2)


def test_who_answered_is_not_made_up():
    pair = Pair()
    pair.talk()
    assert pair.last("user", Connected) == Connected("user", 2)


def test_advice_of_charge_during_the_call_and_at_its_end():
    pair = Pair()
    ref, far = pair.talk("user", 3)
    pair.net.charge(far, 7, False, pair.now)
    pair.run(0.2)
    pair.net.charge(far, 12, True, pair.now)
    pair.net.release(far, 16, pair.now)  # the last one goes with DISCONNECT
    pair.run(0.2)
    assert pair.of("user", AdviceOfCharge) == [
        AdviceOfCharge("user", ref, "7"),
        AdviceOfCharge("user", ref, "12", final=True),
    ]
    pair.follow()
    pair.run(0.2)
    assert pair.idle()


def test_charges_in_money_are_decimal_numbers():
    def told(*given):
        return charge_event("E1", 2, RawCharge(*given))

    money, free = pri_binding.MONEY, pri_binding.FREE
    assert told(money, True, 125, -2, "CNY") == AdviceOfCharge("E1", 2, "1.25", "CNY", True)
    assert told(money, False, 3, 1, "CNY").amount == "30"
    assert told(free, True, 0, 0, "") == AdviceOfCharge("E1", 2, "0", final=True)


def test_charge_is_refused_where_libpri_has_none():
    pair = Pair(net={"switch": "ni2"}, user={"switch": "ni2"})
    _, far = pair.talk()
    with pytest.raises(DriverError, match="advice of charge"):
        pair.net.charge(far, 1, False, pair.now)


@pytest.mark.parametrize("switch", ("euroisdn", "ni2", "5ess", "4ess"))
def test_a_transfer_asks_the_far_end_in_the_words_of_the_switch_type(switch):
    """libpri asks; that the network joins them is the network's."""
    pair = Pair(net={"switch": switch}, user={"switch": switch})
    asked = []

    def note(toward: str, frame: bytes) -> bool:
        told = decode(frame)
        if toward == "net" and str(told.message) == "FACILITY":
            name, content = told.elements[0]
            asked.append((str(name), str(content)))
        return False

    one, _ = pair.talk("user", 3)
    two, _ = pair.talk("user", 4)
    pair.drop = note
    pair.user.transfer(one, two, pair.now)
    pair.run(0.2)
    assert len(asked) == 1 and asked[0][0] == "facility" and "invokes" in asked[0][1]
    with pytest.raises(DriverError):
        pair.user.transfer(one, one, pair.now)
    pair.user.release(two, 16, pair.now)
    with pytest.raises(DriverError):
        pair.user.transfer(one, two, pair.now)


@pytest.mark.parametrize(
    ("asked", "answer", "said"),
    [
        ("24", "HOLD REJECT", "69 requested facility not implemented"),
        ("31", "RETRIEVE REJECT", "101 message not compatible with call state"),
        ("621c0991a106020107020106", "FACILITY", "error code 0"),  # ECT: not subscribed
    ],
)
def test_what_a_far_end_may_not_ask_for_is_refused_and_the_call_goes_on(asked, answer, said):
    pair = Pair()
    ref, far = pair.talk("net", 5)
    cref = pair.user.call_reference(far)
    sent = []
    pair.drop = lambda toward, frame: sent.append(frame) if not frame[2] & 1 else None
    message = bytes((2, 1, 3, 8, 2)) + cref.to_bytes(2, "big") + bytes.fromhex(asked)
    pair.user.feed(message, pair.now)
    pair.run(5)
    (told,) = (decode(frame) for frame in sent)
    assert str(told.title) == answer and said in str(told.elements[0][1])
    assert not pair.ended("net", ref) and not pair.ended("user", far)


@pytest.mark.parametrize("switch", ("dms100", "ni1"))
def test_a_transfer_the_switch_has_not_offered_is_refused(switch):
    pair = Pair(net={"switch": switch}, user={"switch": switch})
    one, _ = pair.talk("user", 3)
    two, _ = pair.talk("user", 4)
    with pytest.raises(DriverError, match="transfer"):
        pair.user.transfer(one, two, pair.now)
    assert len(pair.user.calls()) == 2


def test_a_number_nobody_can_have_been_sent_on_from():
    with pytest.raises(DriverError) as refused:
        Pair().call(redirecting=Redirecting(Number("no number")))
    assert refused.value.cause == 28


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("switch", ("ni2", "4ess", "5ess"))
def test_a_channel_is_taken_out_of_service_at_both_ends_and_brought_back(switch, side):
    pair = Pair(net={"switch": switch}, user={"switch": switch})
    far = pair.other(side)
    pair.links[side].service(5, False, pair.now)
    pair.run(0.5)
    assert not pair.net.is_idle(5) and not pair.user.is_idle(5)
    assert pair.of(far, ChannelState) == [
        ChannelState(far, 5, False, "taken out of service by the far end")
    ]
    assert pair.net.up and pair.user.up
    pair.links[side].service(5, True, pair.now)
    pair.run(0.5)
    pair.talk(side, 5)
    assert not pair.of("net", SignallingFault) and not pair.of("user", SignallingFault)


def test_service_where_there_is_none():
    pair = Pair()
    with pytest.raises(DriverError, match="no SERVICE on euroisdn"):
        pair.user.service(5, False, pair.now)
    events = pair.user.feed(bytes.fromhex("02010000030200000f1803a983850101c2"), pair.now)
    assert events[0].what == "protocol discriminator"


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        ("030200010f1803a983850101c2", "call reference"),
        ("030200000f0101c2", "channel"),
        ("030200000f1801a00101c2", "channel"),
        ("030200000f1803a98385", "information element"),
        ("03020000051803a983850101c2", "unknown message"),
        ("03020000", "call reference"),
    ],
)
def test_a_service_message_that_is_not_for_one_channel_changes_nothing(octets, what):
    pair = Pair(net={"switch": "5ess"}, user={"switch": "5ess"})
    events = pair.user.feed(bytes.fromhex("02010000" + octets), pair.now)
    assert [event.what for event in events] == [what]
    assert pair.user.up and all(map(pair.user.is_idle, pair.user.settings.channels))


_numbers = st.builds(Number, st.text("0123456789", max_size=20), st.integers(0, 7))
_sent_on = st.builds(Redirecting, _numbers, st.text(max_size=9), st.text(max_size=5))


@given(
    st.builds(
        Setup,
        st.just("E1"),
        st.just(3),
        st.just(1),
        _numbers,
        _numbers,
        redirecting=st.none() | _sent_on,
    )
    | st.builds(Connected, st.just("E1"), st.just(2), st.none() | _numbers, st.text(max_size=9))
    | st.builds(AdviceOfCharge, st.just("E1"), st.just(2), st.text(max_size=9))
)
@settings(max_examples=100, deadline=None)
def test_they_come_through_the_pipe(event):
    assert unpack_event(pack_event(event)) == event
