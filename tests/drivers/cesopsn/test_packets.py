"""CESoPSN packets, held against RFC 5086 octet by octet, and against whatever is no packet."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dsp_ext.cesop import FATES, FRAMES, Packets

CONTROL = 4
RTP = 12


def test_a_control_word_octet_by_octet() -> None:
    """RFC 5086, figure 3: 0000 L R M M, FRG LEN, sequence number."""
    packets = Packets(2, 8)
    plain = packets.pack(0x1234, bytes(range(16)))
    assert plain[:CONTROL] == bytes([0x00, 20, 0x12, 0x34]), "LEN counts the control word"
    assert plain[CONTROL:] == bytes(range(16))
    assert packets.pack(1, bytes(16), l=True, r=True)[0] == 0x0C
    assert packets.pack(1, bytes(16), r=True, m=2)[0] == 0x06
    long = Packets(31, 8).pack(65535, bytes(248))
    assert long[:CONTROL] == bytes([0, 0, 0xFF, 0xFF]), "64 octets and more have LEN 0"


def test_an_rtp_header_stands_before_the_control_word() -> None:
    """RFC 5086 4.3 for UDP; the sequence number is the control word's, the clock counts frames."""
    data = Packets(1, 8, rtp=True, payload_type=97, ssrc=0xCAFE0001).pack(5, bytes(8))
    first, kind, seq, stamp, ssrc = struct.unpack("!BBHII", data[:RTP])
    assert (first, kind, seq, stamp, ssrc) == (0x80, 97, 5, 40, 0xCAFE0001)
    assert data[RTP + 1] == len(data) == RTP + CONTROL + 8


@pytest.mark.parametrize(("frames", "pieces"), [(16, [0]), (8, [1, 2])])
def test_signalling_bits_end_a_multiframe(frames: int, pieces: list[int]) -> None:
    """RFC 5086 5.2: nibbles in the order of time slots, an odd last one filled up with zeros."""
    packets = Packets(3, frames, cas=True)
    for seq, frg in enumerate(pieces):
        data = packets.pack(seq, bytes(3 * frames), cas=(1, 0xD, 9))
        assert data[1] >> 6 == frg
        fate, packet = packets.parse(data)
        assert fate == "good"
        if frg == 1:
            assert len(data) == CONTROL + 3 * frames
            assert packet.cas is None
        else:
            assert data[-2:] == bytes([0x1D, 0x90])
            assert packet.cas == (1, 0xD, 9)


@pytest.mark.parametrize("slots", [1, 2, 15, 24, 29, 30, 31])
def test_signalling_takes_half_an_octet_a_time_slot(slots: int) -> None:
    """Of a multiframe of 30: 4 octets of control word, 480 of time slots, 15 of bits."""
    bits = (slots + 1) // 2
    whole = Packets(slots, 16, cas=True).pack(0, bytes(16 * slots), cas=(0xD,) * slots)
    assert len(whole) == CONTROL + 16 * slots + bits
    halves = Packets(slots, 8, cas=True)
    assert len(halves.pack(2, bytes(8 * slots))) == CONTROL + 8 * slots
    last = halves.pack(3, bytes(8 * slots), cas=(0xD,) * slots)
    assert len(last) == CONTROL + 8 * slots + bits
    assert last[-1] == (0xD0 if slots % 2 else 0xDD)
    if slots == 30:
        assert len(whole) == 4 + 480 + 15
    for packets, data in ((Packets(slots, 16, cas=True), whole), (halves, last)):
        assert packets.parse(data)[0] == "good"
        assert packets.parse(data[:-1])[0] == "length"
        padded = len(data) < 64  # a short one tells its length and may be filled up (RFC 5086 5.1)
        assert packets.parse(data + b"\0")[0] == ("good" if padded else "length")


@given(
    slots=st.integers(1, 31),
    frames=st.sampled_from(FRAMES),
    rtp=st.booleans(),
    cas=st.booleans(),
    seq=st.integers(0, 65535),
    flags=st.sampled_from([(False, False, 0), (False, True, 2), (True, True, 0), (True, False, 0)]),
    data=st.data(),
)
def test_what_is_packed_is_parsed(
    slots: int,
    frames: int,
    rtp: bool,
    cas: bool,
    seq: int,
    flags: tuple[bool, bool, int],
    data: st.DataObject,
) -> None:
    cas = cas and frames <= 16
    packets = Packets(slots, frames, rtp=rtp, cas=cas)
    payload = bytes(data.draw(st.binary(min_size=slots, max_size=slots))) * frames
    bits = tuple(data.draw(st.lists(st.integers(0, 15), min_size=slots, max_size=slots)))
    bad, r, m = flags
    sent = packets.pack(seq, payload, l=bad, r=r, m=m, cas=bits if cas else None)
    fate, packet = packets.parse(sent)
    assert fate == "good"
    assert (packet.seq, packet.l, packet.r, packet.m) == (seq, bad, r, m)
    assert packet.payload == payload
    has_bits = cas and (frames == 16 or seq % 2 == 1)
    assert packet.cas == (bits if has_bits else None)
    for cut in range(len(sent)):
        fate, _ = packets.parse(sent[:cut])
        assert fate in ("short", "length") or (bad and cut == CONTROL + RTP * rtp)
    assert packets.parse(sent + b"\0")[0] == ("good" if len(sent) < 64 else "length")


@given(st.binary(max_size=80), st.sampled_from([(1, 8), (2, 16), (31, 64)]), st.booleans())
@example(b"", (1, 8), False)
@example(bytes(12), (1, 8), False)
def test_whatever_comes_is_judged(data: bytes, shape: tuple[int, int], rtp: bool) -> None:
    fate, packet = Packets(*shape, rtp=rtp).parse(data)
    assert fate in FATES
    assert (packet is not None) == (fate == "good")


@pytest.mark.parametrize(
    ("word", "fate"),
    [
        (b"\x10\x0c", "channel"),  # first nibble 1: the pseudowire's own channel
        (b"\x01\x0c", "reserved"),  # L 0, M 01
        (b"\x03\x0c", "reserved"),  # L 0, M 11: signalling
        (b"\x09\x0c", "reserved"),  # L 1, M 01
        (b"\x0a\x0c", "reserved"),  # L 1, M 10
        (b"\x00\x4c", "fragment"),
        (b"\x00\xcc", "fragment"),
        (b"\x00\x0b", "length"),
        (b"\x00\x3f", "length"),
        (b"\x00\x01", "length"),
        (b"\x00\x00", "good"),  # LEN may be left 0
        (b"\x00\x0c", "good"),
        (b"\x02\x0c", "good"),
        (b"\x0c\x0c", "good"),
    ],
)
def test_each_fault_has_its_name(word: bytes, fate: str) -> None:
    assert Packets(1, 8).parse(word + b"\0\0" + bytes(8))[0] == fate


def test_data_may_be_left_out_where_it_is_no_good() -> None:
    packets = Packets(4, 16)
    assert packets.parse(b"\x08\x04\x00\x07")[1] == (7, True, False, 0, None, None)
    assert packets.parse(b"\x08\x00\x00\x07")[0] == "good"
    assert packets.parse(b"\x00\x04\x00\x07")[0] == "length"


def test_rtp_of_another_kind_is_refused() -> None:
    packets = Packets(1, 8, rtp=True)
    good = packets.pack(1, bytes(8))
    for at, octet in ((0, 0x40), (0, 0xA0), (0, 0x90), (0, 0x81), (1, 97)):
        bad = bytearray(good)
        bad[at] = octet
        assert packets.parse(bad)[0] == "rtp"


def test_a_million_random_packets() -> None:
    """Random lengths and octets; half of them with a control word that is nearly right."""
    random = np.random.default_rng(5086)
    pool = random.integers(0, 256, 1 << 20, dtype=np.uint8)
    pool[::7] &= 0x0F
    octets = pool.tobytes()
    starts = random.integers(0, len(octets) - 64, 500_000).tolist()
    lengths = random.integers(0, 48, 500_000).tolist()
    seen = dict.fromkeys(FATES, 0)
    for shape in (Packets(1, 8), Packets(2, 16, rtp=True, cas=True)):
        parse = shape.parse
        for start, length in zip(starts, lengths, strict=True):
            seen[parse(octets[start : start + length])[0]] += 1
    assert sum(seen.values()) == 1_000_000
    found = {fate for fate, count in seen.items() if count}
    assert found >= {"good", "short", "rtp", "channel", "reserved", "fragment", "length"}


@pytest.mark.parametrize(
    ("shape", "options", "says"),
    [
        ((0, 8), {}, "0 time slots"),
        ((32, 8), {}, "32 time slots"),
        ((1, 12), {}, "12 frames"),
        ((1, 72), {}, "72 frames"),
        ((1, 40), {"cas": True}, "1 or 2 ms"),
        ((1, 8), {"payload_type": 128}, "payload type"),
    ],
)
def test_shapes_that_cannot_be(shape: tuple[int, int], options: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Packets(*shape, **options)


def test_packing_refuses_what_does_not_fit() -> None:
    packets = Packets(1, 16, cas=True)
    for bad in (
        {"payload": bytes(15)},
        {"payload": bytes(16), "m": 1},
        {"payload": bytes(16), "m": 2, "l": True},
        {"payload": bytes(16)},
        {"payload": bytes(16), "cas": (1, 2)},
    ):
        with pytest.raises(ValueError, match=r"octets|reserved|nibbles"):
            packets.pack(0, **bad)


# ---- a stranger's eyes


def _capture(path: Path, datagrams: list[bytes]) -> None:
    """A pcap file of UDP datagrams in IPv4 (link type 101: no link layer)."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101))
        for number, data in enumerate(datagrams):
            udp = struct.pack("!HHHH", 40001, 40002, 8 + len(data), 0) + data
            head = struct.pack(
                "!BBHHHBBH4s4s", 0x45, 0xB8, 20 + len(udp), 0, 0, 64, 17, 0,
                bytes([127, 0, 0, 1]), bytes([127, 0, 0, 1]),
            )  # fmt: skip
            packet = head + udp
            file.write(struct.pack("<IIII", number // 200, number % 200 * 5000, *[len(packet)] * 2))
            file.write(packet)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
@pytest.mark.parametrize(
    ("packets", "protocol"),
    [
        (Packets(31, 8), "pwcesopsn"),
        (Packets(31, 64), "pwcesopsn"),
        (Packets(2, 8), "pwcesopsn"),
        (Packets(31, 40, rtp=True), "rtp"),
    ],
)
def test_tshark_dissects_them_without_complaint(
    tmp_path: Path, packets: Packets, protocol: str
) -> None:
    flags = ({}, {"r": True}, {"m": 2}, {"l": True}, {"l": True, "r": True})
    size = _payload_size(packets)
    sent = [packets.pack(seq, bytes(size), **flags[seq % 5]) for seq in range(20)]
    _capture(tmp_path / "sent.pcap", sent)
    fields = ("frame.protocols", "_ws.expert.message", "_ws.malformed", "pwcesopsn.cw.seqno")
    wanted = [word for field in (*fields, "rtp.seq") for word in ("-e", field)]
    file, kind = tmp_path / "sent.pcap", f"udp.port==40002,{protocol}"
    told = subprocess.run(
        ["tshark", "-r", file, "-d", kind, "-T", "fields", *wanted],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = [line.split("\t") for line in told.stdout.splitlines()]
    assert len(rows) == 20
    for seq, (protocols, complaint, malformed, *numbers) in enumerate(rows):
        assert protocol in protocols.split(":")
        assert (complaint, malformed) == ("", "")
        assert str(seq) in numbers, numbers


def _payload_size(packets: Packets) -> int:
    for size in range(8, 2000):
        try:
            packets.pack(0, bytes(size))
        except ValueError:
            continue
        return size
    raise AssertionError("no payload fits")
