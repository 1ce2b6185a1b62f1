"""HDLC framing: round trips, Q.921's invalid frames, bit errors, and libspandsp at the far end."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp_ext import hdlc

Octets = npt.NDArray[np.uint8]

FRAMES = st.lists(st.binary(min_size=3, max_size=264), max_size=8)
STUFFED = st.lists(st.sampled_from([0x7E, 0xFF, 0x1F, 0xF8, 0x3F, 0x00]), min_size=3, max_size=40)


def _line(frames: Sequence[bytes], **how: object) -> Octets:
    """One time slot's octets, (1, n), with flags before and after."""
    framer = hdlc.Framer(1, queue=1 << 16, **how)
    before = framer.process(4)
    assert all(framer.send(0, frame) for frame in frames)
    size = sum(len(frame) + 6 for frame in frames) * 10 // 8 + 8
    return np.concatenate([before, framer.process(size)], axis=1)


def _heard(octets: Octets, **how: object) -> list[bytes]:
    return [frame.data for frame in hdlc.Deframer(1, **how).process(octets)]


def _slot(bits: str) -> Octets:
    """Bits in the order of the line, filled up with ones to whole octets."""
    bits = bits.replace(" ", "")
    bits += "1" * (-len(bits) % 8)
    return np.packbits([int(bit) for bit in bits])[None, :].copy()


def _bits(octets: Octets) -> str:
    return "".join(map(str, np.unpackbits(octets[0])))


FLAG = "01111110"


def _body(frame: bytes) -> str:
    """A frame as it stands between its flags, made bit by bit from Q.921's words."""
    crc = 0xFFFF
    for octet in frame:
        for i in range(8):
            bit = (crc ^ octet >> i) & 1
            crc = crc >> 1 ^ (0x8408 if bit else 0)
    whole = frame + (crc ^ 0xFFFF).to_bytes(2, "little")
    out, ones = "", 0
    for octet in whole:
        for i in range(8):
            bit = octet >> i & 1
            out += str(bit)
            ones = ones + 1 if bit else 0
            if ones == 5:
                out, ones = out + "0", 0
    return out


@given(FRAMES, st.booleans(), st.sampled_from(["flags", "ones"]), st.booleans())
def test_every_frame_comes_back(frames: list[bytes], msb: bool, idle: str, shared: bool) -> None:
    octets = _line(frames, msb_first=msb, idle=idle, shared_zero=shared)
    deframer = hdlc.Deframer(1, msb_first=msb)
    assert [frame.data for frame in deframer.process(octets)] == frames
    counters = deframer.counters(0)
    assert counters.pop("frames") == len(frames)
    assert not any(counters.values())


@given(st.lists(STUFFED, min_size=1, max_size=6), st.integers(1, 40))
def test_blocks_of_any_length_give_the_same(bodies: list[list[int]], block: int) -> None:
    frames = [bytes(body) for body in bodies]
    framer, deframer = hdlc.Framer(3), hdlc.Deframer(3)
    for frame in frames:
        assert framer.send(1, frame)
    found = []
    for _ in range(600 // block + 1):
        found += deframer.process(framer.process(block))
    assert [(frame.channel, frame.data) for frame in found] == [(1, frame) for frame in frames]


@given(st.binary(min_size=1, max_size=60))
def test_the_line_is_what_the_recommendation_says(frame: bytes) -> None:
    bits = _bits(_line([frame]))
    assert bits.startswith(FLAG * 4 + _body(frame) + FLAG)
    assert _heard(_slot(FLAG + _body(frame) + FLAG), shortest=1) == [frame]


def test_the_fcs_of_the_check_string_is_the_catalogued_one() -> None:
    body = _body(b"123456789").replace("111110", "11111")
    assert int(body[72:][::-1], 2) == 0x906E  # CRC-16/X-25
    assert _heard(_slot(FLAG + _body(b"123456789") + FLAG)) == [b"123456789"]


def test_a_flag_may_close_one_frame_and_open_the_next() -> None:
    first, second = b"\x00\x01\x7f", b"\x02\x01\x73"
    one = _slot(FLAG + _body(first) + FLAG + _body(second) + FLAG)
    assert _heard(one) == [first, second]
    bits = _bits(_line([first, second]))
    assert _body(first) + FLAG + _body(second) in bits


def test_flags_may_share_a_zero() -> None:
    frame = b"\x00\x01\x7f"
    shared = "0" + "1111110" * 5
    assert _heard(_slot(shared + _body(frame) + shared + _body(frame) + FLAG)) == [frame, frame]
    assert "011111101111110" in _bits(_line([frame], shared_zero=True))
    assert "011111101111110" not in _bits(_line([frame]))


def test_each_fault_has_its_own_counter() -> None:
    frame = b"\x02\x01\x00\x00abc"
    body = _body(frame)
    wrong = ("1" if body[9] == "0" else "0").join([body[:9], body[10:]])
    lines = {
        "crc_errors": FLAG + wrong + FLAG,
        "aborts": FLAG + body[:40] + "01111111" + FLAG,
        "misaligned": FLAG + body[:-3] + FLAG,
        "too_short": FLAG + _body(b"ab") + FLAG,
        "too_long": FLAG + _body(bytes(range(9))) + FLAG,
    }
    for name, line in lines.items():
        deframer = hdlc.Deframer(1, longest=8)
        assert [f.data for f in deframer.process(_slot(line + body + FLAG))] == [frame]
        counters = deframer.counters(0)
        assert counters.pop("frames") == 1
        assert {key: count for key, count in counters.items() if count} == {name: 1}


def test_an_idle_line_of_ones_or_flags_is_no_fault() -> None:
    deframer = hdlc.Deframer(1)
    assert deframer.process(_slot("1" * 800 + FLAG * 3 + "1" * 80 + FLAG)) == []
    assert deframer.process(_slot("01111110" * 90)) == []
    assert not any(deframer.counters(0).values())


def test_zeros_after_a_flag_are_a_frame_too_long_once() -> None:
    deframer = hdlc.Deframer(1)
    assert deframer.process(_slot(FLAG + "0" * 80_000)) == []
    assert deframer.counters(0)["too_long"] == 1


@pytest.mark.parametrize("sent", range(1, 12))
def test_an_abort_ends_the_frame_and_the_next_one_is_whole(sent: int) -> None:
    framer, deframer = hdlc.Framer(1), hdlc.Deframer(1)
    framer.send(0, b"\xff" * 20)
    framer.send(0, b"next")
    found = deframer.process(framer.process(sent))
    framer.abort(0)
    found += deframer.process(framer.process(40))
    assert [frame.data for frame in found] == [b"next"]
    assert framer.pending(0) == 0
    assert deframer.counters(0)["crc_errors"] == 0
    assert deframer.counters(0)["aborts"] <= 1


def test_an_abort_without_a_frame_changes_nothing() -> None:
    framer = hdlc.Framer(1)
    framer.abort(0)
    assert _bits(framer.process(10)) == FLAG * 10


def test_any_one_wrong_bit_never_gives_a_wrong_frame() -> None:
    frame = bytes.fromhex("020106000801fe7eff05ff")
    octets = _line([frame])
    n = octets.shape[1] * 8
    lines = np.repeat(np.unpackbits(octets[0])[None, :], n, axis=0)
    lines[np.arange(n), np.arange(n)] ^= 1
    found = hdlc.Deframer(n).process(np.packbits(lines, axis=1))
    assert {frame.data for frame in found} <= {frame}
    assert len(found) < n


def test_bit_errors_pass_no_more_often_than_the_fcs_lets_them() -> None:
    """20,000 spoiled frames: one in 65,536 may pass by chance, three or more would be a fault."""
    rng = np.random.default_rng(41)
    channels, spoiled, wrong = 500, 0, 0
    for _ in range(40):
        framer, deframer = hdlc.Framer(channels), hdlc.Deframer(channels)
        frames = rng.integers(0, 256, (channels, 20), dtype=np.uint8)
        for channel in range(channels):
            framer.send(channel, frames[channel].tobytes())
        octets = framer.process(32)
        octets[:, 1:24] ^= np.packbits(rng.random((channels, 23 * 8)) < 0.03, axis=1)
        good = 0
        for frame in deframer.process(octets):
            right = frame.data == frames[frame.channel].tobytes()
            good, wrong = good + right, wrong + (not right)
        spoiled += channels - good
    assert spoiled > 19_000
    assert wrong <= 2


@given(st.binary(min_size=1, max_size=2000), st.integers(1, 300))
def test_random_octets_are_survived(line: bytes, block: int) -> None:
    deframer = hdlc.Deframer(1, shortest=1, longest=20)
    octets = np.frombuffer(line, dtype=np.uint8)
    for start in range(0, len(octets), block):
        for frame in deframer.process(octets[None, start : start + block].copy()):
            assert 1 <= len(frame.data) <= 20
    deframer.reset(0)
    assert [f.data for f in deframer.process(_line([b"after"]))] == [b"after"]


def test_a_full_queue_refuses_whole_frames_and_loses_none() -> None:
    framer, deframer = hdlc.Framer(1, longest=100, queue=256), hdlc.Deframer(1)
    sent = [bytes([n]) * 100 for n in range(10) if framer.send(0, bytes([n]) * 100)]
    assert len(sent) == 2
    assert [frame.data for frame in deframer.process(framer.process(400))] == sent


def test_wrong_input_is_refused() -> None:
    framer, deframer = hdlc.Framer(2), hdlc.Deframer(2)
    for frame in (b"", bytes(265)):
        with pytest.raises(ValueError, match="1 to 264"):
            framer.send(0, frame)
    with pytest.raises(IndexError):
        framer.send(2, b"abc")
    with pytest.raises(TypeError):
        framer.send(0, "abc")
    with pytest.raises(ValueError, match="block"):
        framer.process(-1)
    with pytest.raises(TypeError, match="uint8"):
        deframer.process(np.zeros((2, 8), dtype=np.int16))
    with pytest.raises(ValueError, match="block"):
        deframer.process(np.zeros((3, 8), dtype=np.uint8))
    with pytest.raises(ValueError, match="contiguous"):
        deframer.process(np.zeros((8, 2), dtype=np.uint8).T)
    assert deframer.process(np.zeros((2, 0), dtype=np.uint8)) == []
    for wrong in ({"longest": 0}, {"longest": 4097}, {"queue": 10}, {"idle": "zeros"}):
        with pytest.raises(ValueError):
            hdlc.Framer(1, **wrong)
    with pytest.raises(ValueError, match="shortest"):
        hdlc.Deframer(1, shortest=9, longest=8)


HANDLER = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), ctypes.c_int, ctypes.c_int
)


@pytest.fixture(scope="module")
def peer() -> ctypes.CDLL:
    name = ctypes.util.find_library("spandsp")
    if not name:
        pytest.skip("libspandsp is not installed")
    library = ctypes.CDLL(name)
    library.hdlc_rx_init.restype = library.hdlc_tx_init.restype = ctypes.c_void_p
    library.hdlc_rx_init.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        HANDLER,
        ctypes.c_void_p,
    ]
    library.hdlc_rx_put.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    library.hdlc_tx_init.argtypes = [
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    library.hdlc_tx_frame.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    library.hdlc_tx_get.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    library.hdlc_tx_flags.argtypes = [ctypes.c_void_p, ctypes.c_int]
    for name in ("hdlc_rx_free", "hdlc_tx_free"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    return library


@given(st.lists(st.binary(min_size=3, max_size=200), min_size=1, max_size=6))
def test_the_peer_hears_our_frames(peer: ctypes.CDLL, frames: list[bytes]) -> None:
    heard = []

    def take(_user: object, data: object, length: int, good: int) -> None:
        if length > 0 and good:
            heard.append(bytes(data[:length]))  # type: ignore[index]

    handler = HANDLER(take)
    state = peer.hdlc_rx_init(None, 0, 0, 1, handler, None)
    octets = _line(frames).tobytes()
    peer.hdlc_rx_put(state, octets, len(octets))
    peer.hdlc_rx_free(state)
    assert heard == frames


@given(st.lists(st.binary(min_size=3, max_size=200), min_size=1, max_size=6))
def test_we_hear_the_peers_frames(peer: ctypes.CDLL, frames: list[bytes]) -> None:
    state = peer.hdlc_tx_init(None, 0, 1, 0, None, None)
    peer.hdlc_tx_flags(state, 4)
    line = b""
    for frame in frames:
        assert peer.hdlc_tx_frame(state, frame, len(frame)) == 0
        octets = ctypes.create_string_buffer(400)
        got = peer.hdlc_tx_get(state, octets, len(frame) * 10 // 8 + 12)
        line += octets.raw[:got]
    peer.hdlc_tx_free(state)
    assert _heard(np.frombuffer(line, dtype=np.uint8)[None, :].copy()) == frames
