"""Caller ID messages octet by octet, DTMF forms, and what is no message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp_ext import callerid
from dsp_ext.callerid import CallerId, CallerIdError

# The first is printed in public; the others are computed by hand from the formats.
MESSAGES = {
    "cn_mdmf_published": (
        "80 16 01 08 30 33 31 37 31 36 35 36 02 0a 32 31 35 36 34 33 30 31 34 34 ba",
        CallerId(time="03171656", number="2156430144"),
    ),
    "cn_sdmf": (
        "04 12 30 33 31 37 31 36 35 36 32 31 35 36 34 33 30 31 34 34 4f",
        CallerId(time="03171656", number="2156430144"),
    ),
    "cn_mobile": (
        "80 18 01 08 31 31 32 32 30 39 30 35 02 0c 30 31 33 38 31 32 33 34 35 36 37 38 4d",
        CallerId(time="11220905", number="013812345678"),
    ),
    "cn_private": (
        "80 0d 01 08 31 31 32 32 30 39 30 35 04 01 50 81",
        CallerId(time="11220905", number_absent="P"),
    ),
    "cn_unavailable": (
        "80 0d 01 08 31 31 32 32 30 39 30 35 04 01 4f 82",
        CallerId(time="11220905", number_absent="O"),
    ),
    "us_mdmf_name": (
        "80 20 01 08 31 31 32 32 30 39 30 35 02 0a 32 31 32 35 35 35 30 31 32 33"
        " 07 08 4a 4f 48 4e 20 44 4f 45 87",
        CallerId(time="11220905", number="2125550123", name="JOHN DOE"),
    ),
    "us_sdmf_private": (
        "04 09 31 31 32 32 30 39 30 35 50 0f",
        CallerId(time="11220905", number_absent="P"),
    ),
    "etsi_mdmf": (
        "80 1a 11 01 01 01 08 31 31 32 32 30 39 30 35 02 0b 30 32 30 37 39 34 36 30 31 32 33 77",
        CallerId(call_type=1, time="11220905", number="02079460123"),
    ),
    "mwi_on": ("82 03 0b 01 ff 70", CallerId(messages_waiting=True)),
    "mwi_off": ("82 03 0b 01 00 6f", CallerId(messages_waiting=False)),
}

DIGITS = st.text("0123456789", min_size=1, max_size=16)
CALLERS = st.builds(
    CallerId,
    time=st.none() | st.just("12312359"),
    number=st.none() | DIGITS,
    name=st.none() | st.text(st.characters(max_codepoint=255), min_size=1, max_size=20),
    call_type=st.none() | st.integers(0, 255),
    messages_waiting=st.none() | st.booleans(),
    other=st.lists(st.tuples(st.integers(0x50, 0x60), st.binary(max_size=9)), max_size=3).map(
        tuple
    ),
)


@pytest.mark.parametrize("name", MESSAGES)
def test_known_messages_to_the_octet(name: str) -> None:
    text, caller = MESSAGES[name]
    octets = bytes.fromhex(text)
    encode = callerid.encode_sdmf if octets[0] == callerid.SDMF_CALL else callerid.encode_mdmf
    assert encode(caller) == octets
    assert callerid.decode(octets) == caller


@given(CALLERS)
def test_every_message_comes_back(caller: CallerId) -> None:
    octets = callerid.encode_mdmf(caller)
    assert sum(octets) % 256 == 0
    assert callerid.decode(octets) == caller


@given(st.binary(max_size=40))
def test_random_octets_are_a_message_or_a_plain_error(octets: bytes) -> None:
    whole = bytes((0x80, len(octets))) + octets
    for attempt in (octets, whole + bytes((callerid.checksum(whole),))):
        try:
            callerid.decode(attempt)
        except CallerIdError:
            continue


@given(st.integers(0, 24), st.integers(1, 255))
def test_one_wrong_octet_is_noticed(place: int, change: int) -> None:
    octets = bytearray(bytes.fromhex(MESSAGES["cn_mdmf_published"][0]))
    octets[place] ^= change
    with pytest.raises(CallerIdError):
        callerid.decode(bytes(octets))


def test_parameters_that_come_twice_or_do_not_fit_are_kept() -> None:
    body = b"\x02\x01" + b"5" + b"\x02\x01" + b"6" + b"\x04\x02PP"
    whole = bytes((0x80, len(body))) + body
    caller = callerid.decode(whole + bytes((callerid.checksum(whole),)))
    assert caller.number == "5"
    assert caller.other == ((0x02, b"6"), (0x04, b"PP"))
    odd = bytes.fromhex("06 03 42 42 43")
    odd += bytes((callerid.checksum(odd),))
    assert callerid.decode(odd).other == ((callerid.SDMF_MESSAGES, b"BBC"),)


@pytest.mark.parametrize("waiting", [True, False])
def test_messages_waiting_in_either_format(waiting: bool) -> None:
    said = CallerId(messages_waiting=waiting)
    single = callerid.encode_sdmf_messages(waiting)
    assert single[:-1] == bytes.fromhex("06 03") + (b"BBB" if waiting else b"ooo")
    assert callerid.decode(single) == callerid.decode(callerid.encode_mdmf(said)) == said


def test_what_cannot_be_coded_is_refused() -> None:
    for caller in (
        CallerId(time="13012359"),
        CallerId(time="0101"),
        CallerId(name="中"),
        CallerId(name="x" * 254),
        CallerId(other=((0x50, bytes(256)),)),
    ):
        with pytest.raises(CallerIdError):
            callerid.encode_mdmf(caller)
    for caller in (CallerId(number="5"), CallerId(time="01010000")):
        with pytest.raises(CallerIdError, match="SDMF"):
            callerid.encode_sdmf(caller)


@pytest.mark.parametrize(
    ("keys", "caller"),
    [
        ("D13812345678C", CallerId(number="13812345678")),
        ("A02079460123#", CallerId(number="02079460123")),
        ("A5551234C", CallerId(number="5551234")),
        ("B5551234C", CallerId(number="5551234")),
        ("5551234#", CallerId(number="5551234")),
        ("A5551234D5550000C", CallerId(number="5551234", other=((0x1A, b"5550000"),))),
        ("B00C", CallerId(number_absent="O")),
        ("B10C", CallerId(number_absent="P")),
        ("D1#", CallerId(number_absent="P")),
        ("D3#", CallerId(number_absent="O")),
    ],
)
def test_dtmf_forms(keys: str, caller: CallerId) -> None:
    assert callerid.decode_dtmf(keys) == caller
    assert callerid.decode_dtmf(keys.lower()) == caller


@pytest.mark.parametrize("keys", ["", "#", "DC", "5551234", "D12X4C", "AC#", "C5551234D"])
def test_other_keys_are_no_caller(keys: str) -> None:
    with pytest.raises(CallerIdError):
        callerid.decode_dtmf(keys)


@given(DIGITS, st.sampled_from(["D", "A", "B", ""]), st.sampled_from("C#"))
def test_numbers_come_back_in_every_dtmf_form(number: str, start: str, stop: str) -> None:
    keys = callerid.encode_dtmf(CallerId(number=number), start=start, stop=stop)
    caller = callerid.decode_dtmf(keys)
    assert caller.number == number or (start in ("B", "D") and caller.number_absent)


def test_wrong_dtmf_is_refused() -> None:
    for caller in (CallerId(), CallerId(number="12a"), CallerId(number="1" * 25)):
        with pytest.raises(CallerIdError, match="number"):
            callerid.encode_dtmf(caller)
    for start, stop in (("C", "C"), ("D", "D")):
        with pytest.raises(CallerIdError, match="between"):
            callerid.encode_dtmf(CallerId(number="1"), start=start, stop=stop)
