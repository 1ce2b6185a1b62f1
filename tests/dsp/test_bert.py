"""Bit error tester: the patterns by their polynomials, every error counted once, slips exact."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.peers._bert import ffi, lib
from dsp_ext.bert import PATTERNS, BitErrorTester

Octets = npt.NDArray[np.uint8]
TERMS = {"2047": (9, 11, 0), "32767": (14, 15, 1)}
WAITING = 32


def bits_of(octets: Octets) -> npt.NDArray[np.uint8]:
    """As on the line: the most significant bit first."""
    return np.unpackbits(octets)


def checked(octets: Octets, pattern: str = "2047", pieces: int = 80) -> dict[str, int]:
    tester = BitErrorTester(1, pattern=pattern)
    for at in range(0, len(octets), pieces):
        tester.process(octets[at : at + pieces])
    return {name: int(values[0]) for name, values in tester.counts().items()}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_sent_is_the_polynomials_sequence(pattern: str) -> None:
    near, far, inverted = TERMS[pattern]
    period = int(pattern)
    sent = BitErrorTester(3, pattern=pattern).make(period + 8)
    for channel in range(3):
        bits = bits_of(np.ascontiguousarray(sent[:, channel])) ^ inverted
        assert np.array_equal(bits[far:], bits[far - near : -near] ^ bits[:-far])
        assert np.array_equal(bits[:64], bits[period : period + 64])
        assert bits[:period].sum() == (period + 1) // 2
        # The longest run of one kind: as many ones as the polynomial has stages, one zero less.
        runs = "".join(map(str, bits[: 2 * period]))
        assert "1" * far in runs and "1" * (far + 1) not in runs
        assert "0" * (far - 1) in runs and "0" * far not in runs


def test_channels_send_different_places_of_the_pattern() -> None:
    sent = BitErrorTester(480).make(8)
    assert len({row.tobytes() for row in sent.T}) == 480


@pytest.mark.parametrize("pattern", PATTERNS)
def test_an_undisturbed_pattern_has_no_errors(pattern: str) -> None:
    tester = BitErrorTester(20, pattern=pattern)
    for _ in range(50):
        tester.process(tester.make(80))
    counts = tester.counts()
    assert counts["locked"].all()
    assert (counts["octets"] >= 4000 - WAITING - 12).all()
    for name in ("errors", "errored", "lost", "losses", "slips", "slipped"):
        assert not counts[name].any(), name


@given(st.sets(st.integers(200, 8 * 3900), max_size=120), st.sampled_from(PATTERNS))
def test_every_wrong_bit_counts_once(places: set[int], pattern: str) -> None:
    octets = BitErrorTester(1, pattern=pattern).make(4000)[:, 0].copy()
    for place in places:
        octets[place >> 3] ^= 1 << (place & 7)
    counts = checked(octets[:, np.newaxis], pattern)
    assert counts["errors"] == len(places)
    assert counts["errored"] == len({place >> 3 for place in places})
    assert counts["slips"] == counts["losses"] == counts["lost"] == 0


@given(
    st.lists(
        st.integers(-800, 800).filter(bool) | st.sampled_from([1, -1]), min_size=1, max_size=6
    ),
    st.sampled_from(PATTERNS),
)
def test_slips_are_told_with_size_and_direction(slips: list[int], pattern: str) -> None:
    """+n: n octets come again; -n: n are left out."""
    sent = BitErrorTester(1, pattern=pattern).make(12_000)[:, 0]
    parts, at = [], 0
    for number, slip in enumerate(slips, 1):
        end = 900 * number + 900
        parts.append(sent[at:end])
        at = end - slip
    parts.append(sent[at:])
    counts = checked(np.concatenate(parts)[:, np.newaxis], pattern)
    assert counts["slips"] == len(slips)
    assert counts["slipped"] == sum(slips)
    assert counts["errors"] == counts["losses"] == 0
    assert counts["locked"] == 1


def test_a_slip_among_bit_errors_is_exact_and_spoils_no_count() -> None:
    random = np.random.default_rng(5)
    sent = BitErrorTester(1).make(80_000)[:, 0].copy()
    wrong = random.random(8 * len(sent)) < 1e-3
    sent ^= np.packbits(wrong)
    octets = np.concatenate([sent[:30_000], sent[29_999:50_000], sent[50_002:]])
    counts = checked(octets[:, np.newaxis])
    assert (counts["slips"], counts["slipped"]) == (2, -1)
    assert counts["errors"] == pytest.approx(wrong.sum(), abs=5)


def test_a_burst_is_a_loss_in_place_and_what_it_hid_is_told() -> None:
    octets = BitErrorTester(1).make(4000)[:, 0].copy()
    octets[1000:1200] = 0xD5
    counts = checked(octets[:, np.newaxis])
    assert (counts["losses"], counts["slips"], counts["locked"]) == (1, 0, 1)
    assert 200 <= counts["lost"] <= 200 + 2 * WAITING
    assert counts["octets"] + counts["lost"] >= 4000 - WAITING - 12


@pytest.mark.parametrize("octet", [0x00, 0xFF, 0x55, 0xD5, 0x2A, 0x7E, 0x7F])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_idle_lines_are_never_taken_for_the_pattern(octet: int, pattern: str) -> None:
    counts = checked(np.full((8000, 1), octet, np.uint8), pattern)
    assert not any(counts.values())


@given(st.binary(min_size=1, max_size=2000), st.sampled_from(PATTERNS))
def test_random_octets_are_no_pattern(octets: bytes, pattern: str) -> None:
    counts = checked(np.frombuffer(octets, np.uint8)[:, np.newaxis], pattern)
    assert counts["met"] == 0


def test_patterns_are_not_taken_for_each_other() -> None:
    sent = BitErrorTester(1, pattern="32767").make(8000)
    assert checked(sent, "2047")["met"] == 0


@pytest.mark.parametrize("piece", [1, 7, 80, 160, 8000])
def test_the_length_of_pieces_changes_nothing(piece: int) -> None:
    sent = BitErrorTester(1).make(8000)[:, 0].copy()
    sent[4000] ^= 0x10
    octets = np.concatenate([sent[:2000], sent[1990:]])
    assert checked(octets[:, np.newaxis], pieces=piece) == checked(octets[:, np.newaxis])


def test_channels_are_counted_apart() -> None:
    tester = BitErrorTester(33)
    octets = tester.make(2000)
    octets[1000, 17] ^= 0x81
    octets[:, 32] = 0xD5
    tester.process(octets)
    counts = tester.counts()
    assert counts["errors"].nonzero()[0].tolist() == [17]
    assert counts["errors"][17] == 2
    assert counts["locked"][:32].all() and not counts["locked"][32]


def test_beginning_anew_forgets_counts_and_goes_on_sending() -> None:
    tester = BitErrorTester(1)
    twin = BitErrorTester(1)
    tester.process(np.ascontiguousarray(tester.make(500)))
    tester.begin()
    assert not any(values[0] for values in tester.counts().values())
    assert np.array_equal(tester.make(80), twin.make(580)[500:])


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (np.zeros((5, 1), np.int16), TypeError),
        (np.zeros(5, np.uint8), ValueError),
        (np.zeros((5, 2), np.uint8), ValueError),
    ],
)
def test_wrong_arrays_are_refused(octets: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        BitErrorTester(1).process(octets)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="2047"):
        BitErrorTester(1, pattern="511")
    with pytest.raises(ValueError):
        BitErrorTester(0)
    with pytest.raises(ValueError):
        BitErrorTester(1).make(-1)
    tester = BitErrorTester(4)
    tester.process(np.zeros((0, 4), np.uint8))
    assert tester.make(0).shape == (0, 4)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_stranger_finds_our_pattern_and_we_find_theirs(pattern: str) -> None:
    """libspandsp's tester, bit by bit."""
    peer = ffi.gc(lib.bert_peer_new(1, pattern == "32767"), lib.bert_peer_free)
    sent = np.zeros((4000, 1), np.uint8)
    lib.bert_peer_make(peer, ffi.from_buffer("uint8_t[]", sent, require_writable=True), 4000)
    counts = checked(sent, pattern)
    assert counts["locked"] == 1 and counts["errors"] == counts["slips"] == 0
    octets = BitErrorTester(1, pattern=pattern).make(8000)
    found = ffi.new("int[3]")
    lib.bert_peer_check(peer, ffi.from_buffer("uint8_t[]", octets), 8000)
    lib.bert_peer_result(peer, 0, found)
    assert found[0] > 60_000 and found[1] == 0
