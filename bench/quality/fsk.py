"""Quality of caller ID: messages through noise, level and speed, beside libspandsp's receiver.

A trial is one message (single or multiple data format, random callers) over an A-law line. It is
right when its octets come out, all of them and nothing else, told as good. The peer hears the same
samples; its checksum's octet, which it does not hand out, is taken for right. It hears nothing
below about -30 dBm0: that is its carrier threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from bench.peers._fsk import ffi, lib
from bench.report import Result
from dsp_ext import callerid, dtmf, fsk, g711, tone
from dsp_ext.callerid import CallerId
from dsp_ext.units import SAMPLE_RATE, peak

PEER = "libspandsp adsi_rx"
MODEMS = ("bell202", "v23")
FORMS = ("SDMF", "MDMF")
SPEEDS = (0.97, 1.0, 1.03)
TRIALS = 120  # a modem and form
LEVEL_DBM0, SNR_DB = -36.0, 25.0
RECORDINGS = (Path("/usr/share/asterisk/sounds"), Path("/usr/share/asterisk/moh"))

Samples = npt.NDArray[np.float32]


def callers(count: int, seed: int = 1) -> list[CallerId]:
    """Random callers with time and number, and a name, as MDMF carries it."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        digits = "".join(map(str, rng.integers(0, 10, rng.integers(3, 16))))
        name = "".join(chr(c) for c in rng.integers(0x20, 0x7F, rng.integers(1, 20)))
        time = f"{rng.integers(1, 13):02}{rng.integers(1, 29):02}{rng.integers(0, 24):02}30"
        out.append(CallerId(number=digits, name=name, time=time))
    return out


def encode(caller: CallerId, form: str) -> bytes:
    """The caller's message in a form."""
    return callerid.encode_sdmf(caller) if form == "SDMF" else callerid.encode_mdmf(caller)


def over_the_line(
    messages: Sequence[bytes],
    modem: str,
    *,
    level_dbm0: float = LEVEL_DBM0,
    snr_db: float = SNR_DB,
    speeds: Sequence[float] = SPEEDS,
) -> Samples:
    """Each message on a channel of its own, in noise, as the far end hears it: (n, trials)."""
    sender = fsk.CallerIdSender(len(messages), modem)
    for channel, octets in enumerate(messages):
        speed = speeds[channel % len(speeds)]
        sender.send(channel, octets, level_dbm0=level_dbm0, speed=speed)
    parts = [np.zeros((320, len(messages)), dtype=np.float32)]
    while any(sender.active(channel) for channel in range(len(messages))):
        parts.append(sender.process(800))
    parts.append(np.zeros((480, len(messages)), dtype=np.float32))
    pcm = np.concatenate(parts)
    noise = np.random.default_rng(202).standard_normal(pcm.shape, dtype=np.float32)
    pcm += noise * np.float32(peak(level_dbm0 - snr_db) / np.sqrt(2))
    return np.ascontiguousarray(g711.decode(g711.encode(pcm)))


def ours(pcm: Samples, modem: str) -> list[list[bytes]]:
    """The good messages heard on each channel."""
    heard: list[list[bytes]] = [[] for _ in range(pcm.shape[1])]
    for message in fsk.CallerIdReceiver(pcm.shape[1], modem).process(pcm):
        if message.good:
            heard[message.channel].append(message.octets)
    return heard


def peers(pcm: Samples, modem: str) -> list[list[bytes]]:
    """The same of the peer, the checksum added to what it tells."""
    store = bytearray(1 << 16)
    room = ffi.from_buffer("uint8_t[]", store)
    heard = []
    for line in np.ascontiguousarray(pcm.T.astype(np.int16)):
        samples = ffi.from_buffer("int16_t[]", line)
        used = lib.fsk_peer_listen(modem == "v23", samples, len(line), room, len(store))
        at, messages = 0, []
        while at < used:
            length = store[at] | store[at + 1] << 8
            octets = bytes(store[at + 2 : at + 2 + length])
            whole = octets[: octets[1] + 2] if length > 1 else octets
            messages.append(whole + bytes((callerid.checksum(whole),)))
            at += length + 2
        heard.append(messages)
    return heard


def share_right(heard: Sequence[Sequence[bytes]], sent: Sequence[bytes]) -> float:
    """%"""
    return 100 * sum(list(h) == [s] for h, s in zip(heard, sent, strict=True)) / len(sent)


def spoiled(messages: Sequence[bytes], seed: int = 3) -> list[bytes]:
    """Each with one octet changed after its type and length, the checksum among them."""
    rng = np.random.default_rng(seed)
    out = []
    for octets in messages:
        wrong = bytearray(octets)
        wrong[rng.integers(2, len(wrong))] ^= int(rng.integers(1, 256))
        out.append(bytes(wrong))
    return out


def dtmf_right(count: int, seed: int = 5) -> float:
    """% of numbers sent as D…C in keys of 70 ms that come back, -20 dBm0, 15 dB over the noise."""
    rng = np.random.default_rng(seed)
    right = 0
    for caller in callers(count, seed):
        keys = callerid.encode_dtmf(CallerId(number=caller.number))
        generator = tone.ToneGenerator(1)
        generator.start(0, tone.Program.dtmf(keys, on_ms=70, off_ms=70, level_dbm0=-20))
        pcm = generator.process(140 * SAMPLE_RATE // 1000 * len(keys))
        noise = rng.standard_normal(pcm.shape, dtype=np.float32)
        line = pcm + noise * np.float32(peak(-17 - 15) / np.sqrt(2))
        heard = dtmf.decode(g711.decode(g711.encode(line))[:, 0])
        try:
            right += callerid.decode_dtmf(heard).number == caller.number
        except callerid.CallerIdError:
            continue
    return 100 * right / count


def _result(what: str, unit: str, mine: float, theirs: float | None, goal: float | None) -> Result:
    peer = None if theirs is None else PEER
    better = "higher" if unit.startswith("%") else "lower"
    name = f"caller ID {what}"
    return Result("quality", name, mine, unit, better, peer, theirs, goal)  # type: ignore[arg-type]


def round_trips(trials: int = TRIALS) -> list[Result]:
    """The issue's conditions, and noise as strong as it may be."""
    results = []
    for modem in MODEMS:
        for form in FORMS:
            sent = [encode(caller, form) for caller in callers(trials)]
            pcm = over_the_line(sent, modem)
            mine, theirs = (share_right(hear(pcm, modem), sent) for hear in (ours, peers))
            what = f"{modem} {form}: -36 dBm0, SNR 25 dB, ±3 %"
            results.append(_result(what, "% right", mine, theirs, 100.0))
        sent = [encode(caller, "MDMF") for caller in callers(trials, 2)]
        pcm = over_the_line(sent, modem, level_dbm0=-20, snr_db=12, speeds=(1.0,))
        mine, theirs = (share_right(hear(pcm, modem), sent) for hear in (ours, peers))
        results.append(_result(f"{modem}: -20 dBm0, SNR 12 dB", "% right", mine, theirs, theirs))
    return results


def false_messages(trials: int = TRIALS) -> list[Result]:
    """Spoiled messages told as good, and messages found in speech and music."""
    wrong = spoiled([encode(caller, "MDMF") for caller in callers(trials, 4)])
    passed = [
        sum(map(len, hear(over_the_line(wrong, "bell202", snr_db=40), "bell202")))
        for hear in (ours, peers)
    ]
    results = [_result("spoiled messages told as good", "messages", passed[0], passed[1], 0.0)]
    paths = [path for root in RECORDINGS for path in sorted(root.glob("**/*.wav"))]
    if paths:
        found = [0.0, 0.0]
        for path in paths:
            pcm = soundfile.read(path, dtype="int16")[0].astype(np.float32)[:, None]
            line = np.ascontiguousarray(pcm)
            for modem in MODEMS:
                for side, hear in enumerate((ours, peers)):
                    found[side] += len(hear(line, modem)[0])
        what = f"in {len(paths)} recordings of speech and music"
        results.append(_result(what, "messages", found[0], found[1], 0.0))
    return results


def run() -> list[Result]:
    """Round trips, false messages, and caller ID in DTMF."""
    keys = _result("in DTMF: -20 dBm0, SNR 15 dB", "% right", dtmf_right(TRIALS), None, 100.0)
    return [*round_trips(), *false_messages(), keys]
