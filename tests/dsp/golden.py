"""Every kernel on given signals, as a program: what one build on one processor makes of them.

    python golden.py SIGNALS.npz RESULTS.npz

The signals come from outside, so that nothing but the kernels depends on build and processor.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import dsp_ext
from dsp_ext import (
    agc,
    dtmf,
    echo,
    fsk,
    g711,
    hdlc,
    level,
    mfr2,
    mix,
    plc,
    progress,
    resample,
    tone,
    vad,
)
from dsp_ext.engine import Engine
from dsp_ext.port import Wire

BLOCK = 80

Array = npt.NDArray[Any]


def numbers(events: Iterable[tuple[Any, ...]]) -> Array:
    """All numbers of events in a row; texts and octets as their codes."""
    out: list[float] = []
    for event in events:
        for value in event:
            if isinstance(value, str | bytes):
                out += value.encode() if isinstance(value, str) else value
            elif isinstance(value, tuple):
                out.append(len(value))
            else:
                out.append(float("nan") if value is None else float(value))
    return np.array(out, dtype=np.float64)


def blocks(pcm: Array) -> list[Array]:
    return [np.ascontiguousarray(pcm[at : at + BLOCK]) for at in range(0, len(pcm), BLOCK)]


def octets_of(pcm: Array) -> dict[str, Array]:
    out: dict[str, Array] = {}
    for law in ("alaw", "ulaw"):
        out[f"encode {law}"] = g711.encode(pcm, law)
        out[f"decode {law}"] = g711.decode(out[f"encode {law}"], law)
        every = np.arange(20 * 300).astype(np.uint8).reshape(20, 300)
        out[f"every octet {law}"] = g711.decode(every, law)
        decode = g711.alaw_decode if law == "alaw" else g711.ulaw_decode
        out[f"array {law}"] = decode(every)
    return out


def detectors(pcm: Array) -> dict[str, Array]:
    few = np.ascontiguousarray(pcm[:, :2])
    long = np.concatenate([pcm] * 3)  # a tone that goes on is sure after a second
    out = {
        "dtmf": dtmf.DtmfDetector(pcm.shape[1]).process(pcm),
        "progress": progress.ProgressDetector(pcm.shape[1], "cn").process(long),
    }
    for modem in ("bell202", "v23"):
        out[f"fsk {modem}"] = fsk.CallerIdReceiver(pcm.shape[1], modem).process(pcm)
        out[f"fsk {modem}, few"] = fsk.CallerIdReceiver(2, modem).process(few)
    for way, china in (("forward", False), ("backward", False), ("backward", True)):
        name = f"mfr2 {way} {china}"
        out[name] = mfr2.MfDetector(pcm.shape[1], way, china=china).process(pcm)
        out[f"{name}, few"] = mfr2.MfDetector(2, way, china=china).process(few)
    return {name: numbers(events) for name, events in out.items()}


def levels(pcm: Array) -> dict[str, Array]:
    meter, floor = level.LevelMeter(pcm.shape[1]), level.NoiseFloor(pcm.shape[1])
    out, low = [], []
    for block in blocks(pcm):
        meter.process(block)
        out.append(meter.levels())
        floor.process(block)
        low.append(floor.levels())
    return {"level": np.array(out), "noise floor": np.array(low), "peak": meter.peaks()}


def voices(pcm: Array) -> dict[str, Array]:
    """Gain control and the voice detector, on what is spoken by turns."""
    spoken = np.where(np.arange(len(pcm))[:, None] // 1000 % 2, pcm, pcm * np.float32(0.01))
    control, detector = agc.Agc(pcm.shape[1]), vad.VoiceDetector(pcm.shape[1], hangover_ms=20)
    made, events = [], []
    for block in blocks(spoken.astype(np.float32)):
        made.append(control.process(block))
        events += [dataclasses.astuple(event) for event in detector.process(block)]
    out = {"agc": np.concatenate(made), "vad": numbers(events)}
    return {**out, "vad's silence": detector.silent_ms()}


def concealed(pcm: Array) -> dict[str, Array]:
    """Lost blocks by themselves, and runs of them long enough to fade."""
    bank = plc.Concealer(pcm.shape[1])
    step, channel = np.indices((len(pcm) // BLOCK, pcm.shape[1]))
    return {"plc": bank.process(pcm, (step + channel) % 9 < channel % 5)}


def resampled(pcm: Array) -> dict[str, Array]:
    out: dict[str, Array] = {}
    for from_hz, to_hz in ((8000, 16000), (16000, 8000), (8000, 48000), (48000, 8000)):
        bank = resample.Resampler(pcm.shape[1], from_hz, to_hz)
        made = [bank.process(block) for block in blocks(pcm)]
        out[f"resample {from_hz} to {to_hz}"] = np.concatenate(made)
    return out


def generators(pcm: Array) -> dict[str, Array]:
    tones, sender = tone.ToneGenerator(8), fsk.CallerIdSender(8, "v23")
    for channel in range(8):
        sound = mfr2.program(channel + 1, on_ms=60, off_ms=20, level_dbm0=-9.3 - channel)
        tones.start(channel, sound)
        sender.send(channel, bytes(range(channel, channel + 20)), speed=0.97 + channel / 130)
    return {"tone": tones.process(2000), "fsk sent": sender.process(4000)}


def mixed(pcm: Array) -> dict[str, Array]:
    bank = mix.Mixer(pcm.shape[1])
    for channel in range(pcm.shape[1]):
        bank.join(channel, channel % 3, talk=0.3 + channel / 20, listen=1.0 - channel / 40)
    bank.loudest(1, 3)
    # bridges of one, two and three tiles, an idle tile, and a shared one
    seats = [0] * 16 + [1] * 32 + [2] * 48 + [-1] * 16 + [3, 4, 3, 4] * 4 + [4] * 3
    side_by_side = mix.Mixer(len(seats))
    for channel, bridge in enumerate(seats):
        if bridge >= 0:
            side_by_side.join(channel, bridge, talk=0.1 + channel / 99, listen=1 - channel / 150)
    side_by_side.whisper(100, 113, 0.7)
    many = np.tile(pcm, 7)[:2000, : len(seats)]
    short = [np.ascontiguousarray(many[at : at + 37]) for at in range(0, len(many), 37)]
    return {
        "mix": np.concatenate([bank.process(block) for block in blocks(pcm)]),
        "mix, tiles": np.concatenate([side_by_side.process(block) for block in short]),
    }


def cancelled(pcm: Array) -> dict[str, Array]:
    out: dict[str, Array] = {}
    back = np.zeros_like(pcm)
    back[100:] = pcm[:-100] * np.float32(0.4) + np.roll(pcm, 1, axis=1)[100:] * np.float32(0.01)
    for tail_ms, nlp in ((64, False), (128, True)):
        lines = echo.EchoCanceller(pcm.shape[1], tail_ms, nlp=nlp)
        pairs = zip(blocks(pcm), blocks(back), strict=True)
        left = [lines.process(tx, rx) for tx, rx in pairs]
        out[f"echo {tail_ms} {nlp}"] = np.concatenate(left)
    return out


def framed(pcm: Array) -> dict[str, Array]:
    framer, deframer = hdlc.Framer(4), hdlc.Deframer(4)
    bodies = g711.alaw_encode(pcm[:, :4].astype(np.int16)).T
    for channel in range(4):
        for at in range(0, 800, 100):
            framer.send(channel, bodies[channel, at : at + 100].tobytes())
    line = framer.process(1000)
    return {"hdlc line": line, "hdlc frames": numbers(deframer.process(line))}


def engine(pcm: Array) -> dict[str, Array]:
    """The tick, with all that listens and sounds."""
    channels = pcm.shape[1]
    wire = Wire(channels)
    made = Engine(channels, echo=channels, progress={"cn": channels}, mfr2={"forward": channels})
    made.attach(0, wire.a)
    for channel in range(channels):
        made.detect(channel, True)
        made.echo(channel)
        made.progress(channel, "cn")
        made.mfr2(channel, "forward")
        made.join(channel, channel % 5)
    made.tone(2, mfr2.program(7))
    heard, events = [], []
    for block in blocks(pcm):
        wire.b.write(g711.encode(block))
        made.tick()
        events += [(event.kind, event.channel, event.at) for event in made.drain()]
        heard.append(np.array(wire.b.read()))
    return {"tick": np.concatenate(heard, axis=1), "tick's events": numbers(events)}


KERNELS: tuple[Callable[[Array], dict[str, Array]], ...] = (
    octets_of,
    detectors,
    levels,
    voices,
    concealed,
    resampled,
    generators,
    mixed,
    cancelled,
    framed,
    engine,
)


def main(signals: str, results: str) -> None:
    """Run all kernels; what is kept says where they came from, too."""
    pcm = np.load(signals)["pcm"]
    out: dict[str, Array] = {}
    for kernel in KERNELS:
        out |= kernel(pcm)
    out["built at"] = np.array(str(Path(dsp_ext.__file__).resolve().parent))
    np.savez(results, **out)


if __name__ == "__main__":
    main(*sys.argv[1:])
