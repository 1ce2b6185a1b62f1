"""Caller ID: the share of messages read, by noise and by the sender's speed."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.svg import BLUE, GREEN, ORANGE, TEAL, VIOLET, Svg
from dsp_ext import callerid, fsk
from dsp_ext.units import peak

MESSAGE = callerid.encode_mdmf(
    callerid.CallerId(number="13800000001", name="Wang Li", time="11271030")
)
MODEMS = (("bell202", "Bell 202"), ("v23", "V.23"))
CHANNELS = 64
LENGTH = 7200
LEVEL_DBM0 = -20.0


def read_share(modem: str, snr_db: float, speed: float = 1.0) -> float:
    """% of messages that were read octet for octet; noise in the whole band of 4 kHz."""
    sender = fsk.CallerIdSender(CHANNELS, modem)
    for channel in range(CHANNELS):
        sender.send(channel, MESSAGE, level_dbm0=LEVEL_DBM0, seizure_bits=150, speed=speed)
    rng = np.random.default_rng(202)
    rms = peak(LEVEL_DBM0) / np.sqrt(2) * 10 ** (-snr_db / 20)
    noise = rng.standard_normal((LENGTH, CHANNELS)) * rms
    pcm = (sender.process(LENGTH) + noise).astype(np.float32)
    got = fsk.CallerIdReceiver(CHANNELS, modem).process(pcm)
    right = {message.channel for message in got if message.octets == MESSAGE}
    return 100 * len(right) / CHANNELS


def draw() -> Svg:
    """Noise on the left, speed on the right."""
    drawing = card("Caller ID receiver: messages of 35 octets read without a fault")
    noise = Plot(
        drawing, LEFT, Axis(0, 20, "signal to noise, dB"), Axis(0, 105, "read, %"), "in noise"
    )
    ratios = np.arange(0, 20.1, 1.0)
    for (modem, _), colour in zip(MODEMS, (BLUE, ORANGE), strict=True):
        noise.line(ratios, [read_share(modem, float(ratio)) for ratio in ratios], colour)
    noise.upright(15, "", GREEN)
    noise.label(14.7, 6, "must, from 15 dB on", GREEN, anchor="end")
    noise.legend(*((name, c) for (_, name), c in zip(MODEMS, (BLUE, ORANGE), strict=True)))
    speed = Plot(
        drawing,
        RIGHT,
        Axis(-8, 8, "sender too fast by, %", ticks=(-8, -6, -3, 0, 3, 6, 8)),
        Axis(0, 105, "read, %"),
        "at another speed, 25 dB",
    )
    offs = np.arange(-8, 8.1, 0.5)
    for (modem, _), colour in zip(MODEMS, (TEAL, VIOLET), strict=True):
        speed.line(offs, [read_share(modem, 25, 1 + float(off) / 100) for off in offs], colour)
    speed.area([(-3, 0), (3, 0), (3, 105), (-3, 105)], GREEN, opacity=0.08)
    speed.label(0, 12, "must", GREEN, anchor="middle")
    speed.legend(*((n, c) for (_, n), c in zip(MODEMS, (TEAL, VIOLET), strict=True)), y=150)
    return drawing
