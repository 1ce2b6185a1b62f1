"""Frames in words: what people must be able to read, and what nobody may."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.said import as_data, worded
from drivers.signalling.pri import rose
from drivers.signalling.pri.q931_values import ELEMENTS, SENTENCES, TABLES
from drivers.signalling.pri.q931_words import element
from drivers.signalling.pri.trace import Censor, decode, is_keepalive
from tests.drivers.pri.harness import Pair

I_FRAME = "00010204"


def texts(told) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), str(content)) for name, content in told.elements)


def both(identifier: int, content: bytes, codeset: int = 0) -> tuple[str, str]:
    name, text = element(identifier, content, codeset)
    return str(name), str(text)


def message(kind: str, elements: str = "", cref: str = "0001") -> bytes:
    return bytes.fromhex(I_FRAME + "0802" + cref + kind + elements.replace(" ", ""))


def test_a_setup_reads_like_a_sentence():
    told = decode(message("05", "04038090a3 1803a98385 6c0521 83313339 7006813130303836 a1"))
    assert (str(told.title), told.reference, told.from_origin) == ("SETUP", 1, True)
    assert told.link == "I N(S)=1 N(R)=2"
    assert texts(told) == (
        ("bearer capability", "speech, A-law"),
        ("channel", "channel 5, exclusive"),
        ("calling number", "139, national, ISDN, network's"),
        ("called number", "10086, ISDN"),
        ("sending complete", ""),
    )


ELEMENT_WORDS = [
    (0x04, "8090a3", "speech, A-law"),
    (0x04, "8890", "unrestricted digital"),
    (0x08, "8290", "16 normal call clearing, from public network, near"),
    (0x08, "028082", "2 no route to transit network, from public network, near"),
    (0x08, "8281c0", "1 unallocated number, from public network, near, diagnostic c0"),
    (0x14, "0a", "active"),
    (0x18, "a98385", "channel 5, exclusive"),
    (0x18, "a18395", "channel 21, preferred"),
    (0x18, "e1808381", "channel 1, preferred, interface 0"),
    (0x18, "a3", "any channel, preferred"),
    (0x18, "ac", "D channel, exclusive"),
    (0x1E, "8288", "8 tone or announcement in band, from public network, near"),
    (0x27, "f9", "on hold"),
    (0x28, "4c69", "Li"),
    (0x28, "b14c69", "Li"),
    (0x28, "1b5b33316d", "�[31m"),
    (0x29, "1a0b1b0c05", "26-11-27 12:05"),
    (0x2C, "31323334", "4 keys (not shown)"),
    (0x6C, "2183313339", "139, national, ISDN, network's"),
    (0x6C, "21a3", "no digits, national, ISDN, restricted, network's"),
    (0x70, "813130303836", "10086, ISDN"),
    (0x71, "8050313233", "123, NSAP"),
    (0x74, "21018f3133", "13, national, ISDN, verified, unconditional"),
    (0x79, "87", "all interfaces"),
]


@pytest.mark.parametrize(("identifier", "content", "words"), ELEMENT_WORDS)
def test_each_element_in_words(identifier, content, words):
    assert both(identifier, bytes.fromhex(content))[1] == words


def test_what_is_unknown_is_shown_as_hex():
    assert both(0x55, b"\x01\x02") == ("element 0x55", "0102")
    assert both(0x04, b"\x01", 6) == ("element 0x04 of codeset 6", "01")
    assert both(0x6C, b"") == ("calling number", "cannot be read: empty")


def test_codes_are_the_standards_numbers():
    (name, cause), *_ = decode(message("5a", "08028290")).elements
    assert name.code == "element.8"
    assert as_data(cause) == {
        "code": "list",
        "values": {
            "parts": [
                {
                    "code": "cause",
                    "values": {"value": 16, "text": {"code": "cause.16", "values": {}}},
                },
                {
                    "code": "from",
                    "values": {"where": {"code": "location.2", "values": {}}},
                },
            ]
        },
    }
    assert as_data(element(0x28, b"Li")[1]) is None  # the same in every language


def test_every_value_of_a_table_has_a_sentence():
    for table, texts in TABLES.items():
        for number, text in texts.items():
            assert text and SENTENCES[f"{table}.{number}"] == text


def test_data_link_frames():
    frames = {
        "00017f": "SABME P/F",
        "000173": "UA P/F",
        "02010106": "RR N(R)=3",
        "00011f": "DM P/F",
    }
    for octets, title in frames.items():
        assert str(decode(bytes.fromhex(octets)).title) == title
    assert [is_keepalive(bytes.fromhex(octets)) for octets in frames] == [False, False, True, False]
    assert str(decode(bytes.fromhex("000153")).title) == "DISC P/F"


def test_who_made_the_call_and_other_messages():
    assert not decode(message("5a", cref="8001")).from_origin
    assert str(decode(message("24")).title) == "HOLD"
    assert str(decode(message("3f")).title) == "message 0x3f"
    service = bytes.fromhex(I_FRAME + "030200000f0101c0")
    assert str(decode(service).title) == "SERVICE"
    shifted = decode(message("05", "9e 050101 70028132"))
    assert texts(shifted) == (("element 0x05 of codeset 6", "01"), ("called number", "2, ISDN"))


def test_facilities_are_named():
    name = bytes.fromhex("9faa06800100820100 8b0100 a10a020101020100 80024c69")
    assert str(rose.said(name)) == "invokes callingName “Li”"
    aoc = bytes.fromhex("91 a10b 020105 020124 3003810101")
    assert str(rose.said(aoc)) == "invokes aOCEChargingUnit"
    assert str(rose.said(bytes.fromhex("91a203020105"))) == "result"
    assert str(rose.said(bytes.fromhex("91a306020105020103"))) == "error code 3"
    oid = bytes.fromhex("91a10b02010106062a8648ce1503")
    assert str(rose.said(oid)) == "invokes operation 1.2.840.10005.3"
    assert rose.said(b"") == "" and rose.said(b"\x12\x34") == "1234"


@given(st.binary(max_size=80))
@settings(max_examples=400, deadline=None)
def test_any_octets_give_words(data):
    for frame in (
        data,
        bytes.fromhex(I_FRAME) + data,
        message("05") + data,
        message("62", "1c7f91"),
    ):
        told = decode(frame)
        assert str(told.title)
        for said in (told.title, told.link, told.fault, *chain(*told.elements)):
            assert worded(as_data(said), SENTENCES) in ("", str(said))
        cleaned = Censor().clean(frame)
        assert len(cleaned) == len(frame)
        for identifier in ELEMENTS:
            assert all(text.isprintable() for text in both(identifier, data))
    rose.said(b"\x91" + data)


def test_cut_frames_say_so():
    whole = message("05", "7006813130303836")
    assert str(decode(b"\x00\x01").fault and decode(b"").title) == "cut off"
    assert "octets said" in str(decode(whole[:-2]).fault)
    assert str(decode(whole[:7]).title) == "cut off"


def test_keys_in_a_call_are_blotted_out_and_dialled_digits_are_not():
    censor = Censor()
    dialled = message("7b", "7003813535")
    assert censor.clean(dialled) == dialled
    censor.clean(message("07", cref="8001"))
    keyed = censor.clean(message("7b", "7003813535"))
    assert keyed == message("7b", "7003812a2a")
    assert censor.clean(message("7b", "2c0431323334", "8001")) == message(
        "7b", "2c042a2a2a2a", "8001"
    )
    other = message("7b", "7003813535", "0002")
    assert censor.clean(other) == other
    censor.clean(message("5a", cref="8001"))
    assert censor.clean(dialled) == dialled
    setup = message("05", "7003813535 2c023132")
    assert b"55" in censor.clean(setup) and b"12" not in censor.clean(setup)


def test_every_frame_of_a_real_call_is_understood():
    pair = Pair()
    seen = []

    def note(frame: bytes) -> bytes:
        seen.append(decode(frame))
        return frame

    pair.spoil = note
    ref, _ = pair.talk("user", 3)
    pair.user.release(ref, 16, pair.now)
    pair.run(0.1)
    pair.follow()
    pair.run(15)
    titles = [str(told.title) for told in seen if told.message]
    assert titles == [
        "SETUP",
        "CALL PROCEEDING",
        "ALERTING",
        "CONNECT",
        "CONNECT ACKNOWLEDGE",
        "DISCONNECT",
        "RELEASE",
        "RELEASE COMPLETE",
    ]
    assert not any(told.fault for told in seen)
    assert not any("cannot be read" in text for told in seen for _, text in texts(told))
