"""Modems of libspandsp as functions: every rate there and back, and what is no signal."""

from __future__ import annotations

import numpy as np
import pytest

from dsp_ext import g711
from dsp_ext.units import MEAN_SQUARE_0DBM0
from fax import modem

RATES = [(name, rate) for name in modem.MODEMS for rate in modem.rates(name)]


@pytest.mark.parametrize(("name", "rate"), RATES)
@pytest.mark.parametrize("law", ["alaw", "ulaw"])
def test_octets_come_back_through_a_line(name: str, rate: int, law: str) -> None:
    octets = np.random.default_rng(rate).integers(0, 256, rate // 8, dtype=np.uint8).tobytes()
    samples = modem.signal(name, rate, octets, -20.0)
    level = 10 * np.log10(np.mean(samples[-6000:-2000].astype(float) ** 2) / MEAN_SQUARE_0DBM0)
    assert level == pytest.approx(-20, abs=1.0)
    encode = g711.alaw_encode if law == "alaw" else g711.ulaw_encode
    decode = g711.alaw_decode if law == "alaw" else g711.ulaw_decode
    line = np.pad(decode(encode(samples)), (777, 800))
    read = modem.read(name, rate, line)
    assert read.carrier and read.trained
    assert modem.read(name, rate, line, rate // 8).snr_db > 24
    # The scrambler's first bits may go before ours.
    bits = "".join(f"{octet:08b}" for octet in octets[:-4])
    assert bits in "".join(f"{octet:08b}" for octet in read.octets)
    assert len(modem.read(name, rate, line, 10).octets) == 10


@pytest.mark.parametrize("name", modem.MODEMS)
def test_what_is_no_signal_is_read_as_none(name: str) -> None:
    rate = modem.rates(name)[0]
    random = np.random.default_rng(1)
    for samples in (
        np.zeros(0, np.int16),
        np.zeros(1, np.int16),
        np.zeros(8000, np.int16),
        np.full(8000, 32767, np.int16),
        random.integers(-32768, 32768, 16_000).astype(np.int16),
        np.tile(np.array([32767, -32768], np.int16), 8000),
    ):
        read = modem.read(name, rate, samples)
        assert not read.trained and read.octets == b"" and read.snr_db == 0


def test_nothing_to_send_is_training_alone() -> None:
    samples = modem.signal("v29", 9600, b"")
    assert 1000 < len(samples) < 8000
    assert modem.read("v29", 9600, np.concatenate([samples, np.zeros(800, np.int16)])).trained


def test_what_no_modem_has_is_refused() -> None:
    with pytest.raises(ValueError, match="v27ter, v29, v17"):
        modem.rates("v34")
    with pytest.raises(ValueError, match="9600, 7200"):
        modem.signal("v29", 14_400, b"1")
    with pytest.raises(ValueError, match="4800"):
        modem.read("v27ter", 9600, np.zeros(100, np.int16))
