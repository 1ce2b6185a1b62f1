"""The caller ID modem: octet by octet through noise, laws, speeds and levels, and libspandsp."""

from __future__ import annotations

import ctypes
import ctypes.util
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp_ext import callerid, fsk, tone
from dsp_ext.dtmf import decode as dtmf_decode
from dsp_ext.units import LARGEST, dbm0_of
from tests.dsp.signals import Samples, noise, over_the_line, played, silence, sine
from tests.dsp.test_callerid import MESSAGES

MODEMS = ("bell202", "v23")
LAWS = ("alaw", "ulaw")
SOUNDS = Path("/usr/share/asterisk/sounds")
OCTETS = {name: bytes.fromhex(text) for name, (text, _) in MESSAGES.items()}
PUBLISHED = OCTETS["cn_mdmf_published"]


def _sent(octets: bytes, modem: str = "bell202", **how: float) -> Samples:
    """A message as it is sent, with silence around it."""
    sender = fsk.CallerIdSender(1, modem)
    sender.send(0, octets, **how)
    parts = [silence(40)]
    while sender.active(0):
        parts.append(sender.process(80)[:, 0])
    return np.concatenate([*parts, silence(60)])


def _good(samples: Samples, modem: str = "bell202") -> list[bytes]:
    return [message.octets for message in fsk.receive(samples, modem) if message.good]


def _random_message(rng: np.random.Generator, length: int) -> bytes:
    whole = bytes((0x80, length)) + rng.bytes(length)
    return whole + bytes((callerid.checksum(whole),))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("modem", MODEMS)
@pytest.mark.parametrize("name", MESSAGES)
def test_known_messages_in_their_worst_case(name: str, modem: str, law: str) -> None:
    """-36 dBm0, 25 dB over the noise, bits 3 % too fast or too slow: every octet."""
    for turn, speed in enumerate((0.97, 1.0, 1.03)):
        line = _sent(OCTETS[name], modem, level_dbm0=-36, speed=speed)
        line = line + noise(-36 - 25, len(line), seed=turn)
        (message,) = fsk.receive(over_the_line(line, law), modem)
        assert message.good
        assert message.octets == OCTETS[name]
        assert message.caller == MESSAGES[name][1]


@pytest.mark.parametrize("level", [0, -13.5, -42])
@pytest.mark.parametrize("modem", MODEMS)
def test_random_messages_at_every_level(modem: str, level: float) -> None:
    rng = np.random.default_rng(7)
    for turn in range(30):
        octets = _random_message(rng, 40)
        speed = (0.97, 1.0, 1.03)[turn % 3]
        line = _sent(octets, modem, level_dbm0=level, speed=speed)
        line = np.concatenate([np.zeros(turn, dtype=np.float32), line])
        line = line + noise(level - 25, len(line), seed=turn)
        assert _good(over_the_line(line, LAWS[turn % 2]), modem) == [octets], turn


@pytest.mark.parametrize("modem", MODEMS)
def test_at_15_db_over_the_noise_hardly_a_message_is_lost(modem: str) -> None:
    rng = np.random.default_rng(8)
    found = 0
    for turn in range(40):
        octets = _random_message(rng, 30)
        line = _sent(octets, modem)
        found += _good(line + noise(-13.5 - 15, len(line), seed=turn), modem) == [octets]
    assert found >= 39


@pytest.mark.parametrize(("modem", "twist"), [("bell202", 6), ("v23", 3)])
def test_either_tone_may_be_the_louder_one(modem: str, twist: float) -> None:
    for signed in (-twist, twist):
        line = over_the_line(_sent(PUBLISHED, modem, level_dbm0=-20, twist_db=signed))
        (message,) = fsk.receive(line, modem)
        assert message.octets == PUBLISHED
        assert message.twist_db == pytest.approx(signed, abs=1.5)
        assert message.level_dbm0 == pytest.approx(-20 + max(signed, 0), abs=1)


@pytest.mark.parametrize("modem", MODEMS)
def test_during_a_call_there_is_no_channel_seizure(modem: str) -> None:
    rng = np.random.default_rng(3)
    for turn in range(10):
        octets = _random_message(rng, 25)
        line = _sent(octets, modem, seizure_bits=0, mark_bits=80)
        alert = sine(2130, -17, 80) + sine(2750, -17, 80)  # what comes before it
        line = np.concatenate([noise(-25, 4000 + turn, turn), alert, silence(100), line])
        assert octets in _good(over_the_line(line), modem)


def test_stop_bits_and_pauses_between_octets() -> None:
    for stop_bits in (1, 2, 4, 10):
        assert _good(_sent(PUBLISHED, stop_bits=stop_bits)) == [PUBLISHED]
    assert _good(_sent(PUBLISHED, seizure_bits=100, mark_bits=55, tail_bits=2)) == [PUBLISHED]


def test_the_longest_message() -> None:
    octets = _random_message(np.random.default_rng(1), 255)
    assert len(octets) == 258
    assert _good(over_the_line(_sent(octets))) == [octets]


def test_the_sender_keeps_level_frequency_and_length() -> None:
    sender = fsk.CallerIdSender(1, "bell202")
    sender.send(0, PUBLISHED, seizure_bits=0, mark_bits=1200, level_dbm0=-13.5)
    mark = sender.process(8000)[:, 0].astype(np.float64)
    assert dbm0_of(mark) == pytest.approx(-13.5, abs=0.05)
    assert np.argmax(np.abs(np.fft.rfft(mark * np.hanning(8000)))) == 1200
    bits = 300 + 180 + 25 * 10 + 10
    sender.send(0, PUBLISHED)
    samples = 0
    while sender.active(0):
        sender.process(1)
        samples += 1
    assert samples == pytest.approx(bits * 8000 / 1200, abs=1)
    assert not sender.process(80).any()


def test_a_spoiled_message_is_told_as_one() -> None:
    wrong = PUBLISHED[:-1] + b"\x00"
    (message,) = fsk.receive(_sent(wrong))
    assert (message.good, message.octets) == (False, wrong)
    with pytest.raises(callerid.CallerIdError, match="checksum"):
        _ = message.caller
    whole = _sent(PUBLISHED)
    (cut,) = fsk.receive(np.concatenate([whole[:4500], silence(200)]))
    assert not cut.good
    assert PUBLISHED.startswith(cut.octets)
    again = np.concatenate([whole[:4500], silence(200), whole])
    assert [m.good for m in fsk.receive(again)] == [False, True]


@settings(max_examples=25)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=40))
def test_blocks_of_any_length_give_the_same(lengths: list[int]) -> None:
    line = _sent(PUBLISHED)
    (whole,) = fsk.receive(line)
    receiver, found, start, turn = fsk.CallerIdReceiver(1), [], 0, 0
    while start < len(line):
        length = lengths[turn % len(lengths)] if turn < len(lengths) else 80
        found += receiver.process(np.ascontiguousarray(line[start : start + length, None]))
        start, turn = start + length, turn + 1
    assert [message[:3] for message in found] == [whole[:3]]


@pytest.mark.parametrize("modem", MODEMS)
def test_channels_do_not_disturb_each_other(modem: str) -> None:
    rng = np.random.default_rng(5)
    messages = [_random_message(rng, 10 + channel) for channel in range(35)]
    sender, receiver = fsk.CallerIdSender(35, modem), fsk.CallerIdReceiver(35, modem)
    for channel in range(0, 35, 2):
        sender.send(channel, messages[channel], level_dbm0=-10 - channel / 2)
    receiver.enable(4, False)
    found = []
    for _ in range(150):
        found += receiver.process(sender.process(80))
    assert sorted((m.channel, m.octets, m.good) for m in found) == [
        (channel, messages[channel], True) for channel in range(0, 35, 2) if channel != 4
    ]


@pytest.mark.parametrize("modem", MODEMS)
def test_few_channels_hear_to_the_bit_what_many_hear(modem: str) -> None:
    """Up to five of a group are heard sample by sample, more of them all at once."""
    rng = np.random.default_rng(17)
    sender = fsk.CallerIdSender(16, modem)
    for channel in range(16):
        how = {"speed": 1 + rng.uniform(-0.03, 0.03), "twist_db": rng.uniform(-3, 3)}
        sender.send(channel, _random_message(rng, 20), level_dbm0=-20, **how)
    pcm = sender.process(6400) + noise(-20 - 13, 6400 * 16, seed=4).reshape(6400, 16)
    every = fsk.CallerIdReceiver(16, modem).process(np.ascontiguousarray(pcm))
    assert sum(message.good for message in every) >= 14
    for few in (1, 5):
        alone = fsk.CallerIdReceiver(few, modem).process(np.ascontiguousarray(pcm[:, :few]))
        assert alone == [message for message in every if message.channel < few]
        among = fsk.CallerIdReceiver(16, modem)
        for channel in range(few, 16):
            among.enable(channel, False)
        assert among.process(np.ascontiguousarray(pcm)) == alone


def test_reset_stop_and_a_new_message() -> None:
    sender, receiver = fsk.CallerIdSender(2), fsk.CallerIdReceiver(2)
    sender.send(0, PUBLISHED)
    sender.send(1, PUBLISHED)
    assert receiver.process(sender.process(4500)) == []
    receiver.reset(0)
    sender.stop(1)
    assert not sender.active(1)
    found = receiver.process(sender.process(2000))
    assert [m for m in found if m.good] == []
    sender.send(1, PUBLISHED, mark_bits=100)
    found = receiver.process(sender.process(6000))
    assert [(m.channel, m.octets) for m in found if m.good] == [(1, PUBLISHED)]


def test_noise_tones_and_speech_hold_no_message() -> None:
    pcm = np.stack([noise(-15, 80_000, seed) for seed in range(16)], axis=1)
    for modem in MODEMS:
        assert fsk.CallerIdReceiver(16, modem).process(pcm) == []
        for hz in (450, 1200, 1300, 1700, 2100, 2200):
            assert fsk.receive(over_the_line(sine(hz, -10, 500)), modem) == []
    paths = sorted(SOUNDS.glob("**/*.wav"))[:150]
    speech = [soundfile.read(path, dtype="int16")[0] for path in paths]
    for modem in MODEMS:
        assert not any(_good(samples.astype(np.float32), modem) for samples in speech)


def test_caller_id_in_dtmf_by_way_of_the_line() -> None:
    keys = callerid.encode_dtmf(callerid.CallerId(number="13812345678"))
    sound = played(tone.Program.dtmf(keys, on_ms=70, off_ms=70), 140 * len(keys))
    heard = dtmf_decode(over_the_line(sound))
    assert callerid.decode_dtmf(heard).number == "13812345678"


def test_loud_nonsense_does_no_lasting_harm() -> None:
    for loudest in (1e6, LARGEST):
        wild = np.random.default_rng(1).choice([-1, 1], 800).astype(np.float32) * loudest
        for burst in (np.full(800, loudest, dtype=np.float32), wild.astype(np.float32)):
            line = np.concatenate([burst, silence(50), _sent(PUBLISHED)])
            assert _good(line) == [PUBLISHED]
            many = np.repeat(line[:, None], 7, axis=1)
            assert [m.good for m in fsk.CallerIdReceiver(7).process(many)] == [True] * 7


def test_wrong_input_is_refused() -> None:
    sender, receiver = fsk.CallerIdSender(2), fsk.CallerIdReceiver(2)
    with pytest.raises(ValueError, match="modem"):
        fsk.CallerIdReceiver(1, "v21")
    with pytest.raises(TypeError, match="float32"):
        receiver.process(np.zeros((80, 2)))
    with pytest.raises(ValueError, match="NaN"):
        receiver.process(np.full((80, 2), np.nan, dtype=np.float32))
    assert receiver.process(np.zeros((0, 2), dtype=np.float32)) == []
    with pytest.raises(IndexError):
        receiver.enable(2)
    for octets in (b"", bytes(259)):
        with pytest.raises(ValueError, match="1 to 258"):
            sender.send(0, octets)
    for wrong in ({"speed": 2}, {"level_dbm0": 9}, {"mark_bits": -1}, {"twist_db": 30}):
        with pytest.raises(ValueError):
            sender.send(0, PUBLISHED, **wrong)
    with pytest.raises(IndexError):
        sender.send(2, PUBLISHED)
    with pytest.raises(ValueError, match="dimension"):
        fsk.receive(np.zeros((8, 2)))


# ---- libspandsp as the other end

HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), ctypes.c_int)
STANDARD = {"bell202": 1, "v23": 2}  # its CLASS and CLIP


@pytest.fixture(scope="module")
def peer() -> ctypes.CDLL:
    name = ctypes.util.find_library("spandsp")
    if not name:
        pytest.skip("libspandsp is not installed")
    library = ctypes.CDLL(name)
    library.adsi_rx_init.restype = library.adsi_tx_init.restype = ctypes.c_void_p
    library.adsi_rx_init.argtypes = [ctypes.c_void_p, ctypes.c_int, HANDLER, ctypes.c_void_p]
    library.adsi_tx_init.argtypes = [ctypes.c_void_p, ctypes.c_int]
    for call in (library.adsi_rx, library.adsi_tx):
        call.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    library.adsi_tx_put_message.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    library.adsi_rx_free.argtypes = library.adsi_tx_free.argtypes = [ctypes.c_void_p]
    return library


@pytest.mark.parametrize("modem", MODEMS)
@pytest.mark.parametrize("name", MESSAGES)
def test_the_peer_hears_us(peer: ctypes.CDLL, name: str, modem: str) -> None:
    heard = []

    def take(_user: object, octets: object, length: int) -> None:
        heard.append(bytes(octets[:length]))  # type: ignore[index]

    handler = HANDLER(take)
    state = peer.adsi_rx_init(None, STANDARD[modem], handler, None)
    line = np.ascontiguousarray(np.round(over_the_line(_sent(OCTETS[name], modem))), np.int16)
    peer.adsi_rx(state, line.ctypes.data, len(line))
    peer.adsi_rx_free(state)
    assert [octets[: octets[1] + 2] for octets in heard] == [OCTETS[name][:-1]]


@pytest.mark.parametrize("modem", MODEMS)
@pytest.mark.parametrize("name", MESSAGES)
def test_we_hear_the_peer(peer: ctypes.CDLL, name: str, modem: str) -> None:
    state = peer.adsi_tx_init(None, STANDARD[modem])
    body = OCTETS[name][:-1]  # it adds the checksum
    assert peer.adsi_tx_put_message(state, body, len(body)) > 0
    line = np.zeros(16_000, dtype=np.int16)
    peer.adsi_tx(state, line.ctypes.data, len(line))
    peer.adsi_tx_free(state)
    assert _good(over_the_line(line.astype(np.float32)), modem) == [OCTETS[name]]
