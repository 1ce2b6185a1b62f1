"""What is heard in a recording: keys, tones, fax and modem, caller ID, register signals, voice.

How: every side goes through the detectors that the engine runs on lines; what none of them explains
but stands out of the noise is voice, or just sound where the detectors hear no voice in it.
Limits: those of the detectors; times are theirs, to about 10 ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dsp_ext import callerid
from dsp_ext.dtmf import DtmfDetector
from dsp_ext.fsk import CallerIdReceiver, Message
from dsp_ext.fsk_send import MODEMS
from dsp_ext.mfr2 import MfDetector
from dsp_ext.progress import ProgressDetector
from dsp_ext.units import SAMPLE_RATE
from mediaserver.audio.activity import Activity
from mediaserver.audio.sound import Pcm, Sound
from mediaserver.audio.spectrum import likeness, strongest_hz

TAIL_S = 3.0  # of silence, in which everything that sounds comes to its end
PIECE = SAMPLE_RATE * 60
LEAST_VOICE_S = 0.15
KEY_GAP_S = 0.5  # longer pauses end a string of keys
BIT_S = 1 / 1200
SAME_MESSAGE_S = 0.1
PREAMBLE_S = 0.6  # seizure and mark take 0.4 s
MARK_S = 0.05  # of mark, in which its frequency shows the modem
BETWEEN_MARKS_HZ = 1250  # Bell 202 has 1200 Hz, V.23 1300
#: What the detector's names are in words; the others are spoken as they are.
WORDS = {
    "ringback": "ring-back tone",
    "cng": "fax calling tone (CNG)",
    "ced": "fax or modem answer tone (CED)",
    "modem": "modem answer, phase reversals (ANS)",
    "sit": "special information tone",
    "learned_busy": "busy tone of its own cadence",
    "voice": "voice",
}
FAX = ("cng", "ced", "modem")


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing heard.

    kind : key, keys, tone, fax, caller-id, mfr2, voice or sound
    what : in words, or the digits; detail : twist, cadence, or what a message says
    name : of a tone, the detector's own
    """

    side: str
    start_s: float
    end_s: float
    kind: str
    what: str
    level_dbm0: float
    detail: str = ""
    name: str = ""

    def as_data(self) -> dict[str, Any]:
        """For JSON; times to the ms, levels to 0.1 dB."""
        data = asdict(self)
        for name, digits in (("start_s", 3), ("end_s", 3), ("level_dbm0", 1)):
            data[name] = round(data[name], digits)
        return data


def listen(sound: Sound, plan: str = "cn", *, mfr2: bool = False) -> list[Heard]:
    """Everything heard, in the order of time.

    plan : the country whose tones are listened for
    mfr2 : also for R2's register signals of both directions; China's backward set with plan "cn"
    Raises tone_plan.UnknownTone for an unknown plan.
    """
    found = [*_keys(sound), *_tones(sound, plan), *_callers(sound)]
    if mfr2:
        found += [*_registers(sound, "forward", plan), *_registers(sound, "backward", plan)]
    activities = [Activity(sound.pcm[:, k]) for k in range(len(sound.sides))]
    by_side = dict(zip(sound.sides, activities, strict=True))
    spoken = [each for each in found if each.what == "voice"]
    named = [_trimmed(each, by_side[each.side]) for each in found if each.what != "voice"]
    for each in named:
        by_side[each.side].explain(each.start_s, each.end_s)
    for side, activity in by_side.items():
        samples = sound.pcm[:, sound.sides.index(side)]
        named += _rest(side, samples, activity, [e for e in spoken if e.side == side])
    return sorted([*named, *_strings(named)], key=lambda each: (each.start_s, each.kind != "keys"))


def _trimmed(heard: Heard, activity: Activity) -> Heard:
    """A tone's end is told when it is sure: here it is when it last sounded.  A message begins
    with its seizure and mark."""
    if heard.kind in ("tone", "fax"):
        return replace(heard, end_s=activity.last_sound_s(heard.start_s, heard.end_s))
    if heard.kind == "caller-id":
        return replace(heard, start_s=activity.begun_s(heard.start_s, PREAMBLE_S))
    return heard


def _pieces(pcm: Pcm) -> Iterator[Pcm]:
    """The recording and a tail of silence, in pieces that keep the detectors' copies small."""
    for at in range(0, len(pcm), PIECE):
        yield pcm[at : at + PIECE]
    yield np.zeros((int(TAIL_S * SAMPLE_RATE), pcm.shape[1]), dtype=np.float32)


def _keys(sound: Sound) -> Iterator[Heard]:
    detector = DtmfDetector(len(sound.sides))
    for piece in _pieces(sound.pcm):
        for event in detector.process(piece):
            start = event.start_ms / 1000
            yield Heard(
                sound.sides[event.channel],
                start,
                start + event.duration_ms / 1000,
                "key",
                event.digit,
                event.level_dbm0,
                f"{event.duration_ms} ms, twist {event.twist_db:+.1f} dB",
            )


def _strings(found: list[Heard]) -> Iterator[Heard]:
    """Keys that follow each other as one string, where there are several; caller ID in DTMF."""
    for side in {each.side for each in found}:
        keys = sorted((e for e in found if e.kind == "key" and e.side == side), key=_start)
        run: list[Heard] = []
        for key in keys:
            if run and key.start_s - run[-1].end_s > KEY_GAP_S:
                yield from _string(run)
                run = []
            run.append(key)
        yield from _string(run)


def _start(heard: Heard) -> float:
    return heard.start_s


def _string(run: list[Heard]) -> Iterator[Heard]:
    if len(run) < 2:
        return
    text = "".join(key.what for key in run)
    level = max(key.level_dbm0 for key in run)
    try:
        said = said_of(callerid.decode_dtmf(text)) if text[0] in "ABD" else ""
    except callerid.CallerIdError:
        said = ""
    detail = f"caller ID in DTMF: {said}" if said else f"{len(run)} keys"
    yield Heard(run[0].side, run[0].start_s, run[-1].end_s, "keys", text, level, detail)


def _tones(sound: Sound, plan: str) -> Iterator[Heard]:
    """Tones and voice, each from its beginning to its end."""
    detector = ProgressDetector(len(sound.sides), plan)
    open_since: dict[tuple[int, str], Any] = {}
    for piece in _pieces(sound.pcm):
        for event in detector.edges(piece):
            key = (event.channel, event.tone)
            if not event.ended:
                open_since.setdefault(key, event)
            elif key in open_since:
                yield _tone(sound, open_since.pop(key), event.at_ms / 1000)
    for event in open_since.values():
        yield _tone(sound, event, sound.seconds)


def _tone(sound: Sound, event: Any, end_s: float) -> Heard:
    name = event.tone
    what = WORDS.get(name, f"{name.replace('_', ' ')} tone")
    detail = f"{event.on_ms}/{event.off_ms} ms" if event.on_ms else ""
    if event.alike:
        detail = f"or {', '.join(each.replace('_', ' ') for each in event.alike)}"
    end_s = min(end_s, sound.seconds)
    kind = "fax" if name in FAX else "tone"
    side, start = sound.sides[event.channel], event.start_ms / 1000
    return Heard(side, start, max(end_s, start), kind, what, event.level_dbm0, detail, name)


def _callers(sound: Sound) -> Iterator[Heard]:
    """Messages of both modems; one that both hear is told once, the good one first."""
    messages: list[Message] = []
    for modem in MODEMS:
        receiver = CallerIdReceiver(len(sound.sides), modem)
        for piece in _pieces(sound.pcm):
            messages += receiver.process(piece)
    messages.sort(key=lambda message: not message.good)
    told: list[Message] = []
    for message in messages:
        apart_ms = 1000 * (_length_s(message) + SAME_MESSAGE_S)
        again = any(
            other.channel == message.channel and abs(other.end_ms - message.end_ms) < apart_ms
            for other in told
        )
        if not again:
            told.append(message)
            yield _caller(sound, message)


def _length_s(message: Message) -> float:
    return len(message.octets) * 10 * BIT_S


def _modem(sound: Sound, message: Message) -> str:
    """Which modem sent it: both receivers hear either, but the mark before it is one's own."""
    end = int((message.end_ms / 1000 - _length_s(message)) * SAMPLE_RATE)
    mark = sound.pcm[max(0, end - int(MARK_S * SAMPLE_RATE)) : max(0, end), message.channel]
    return "Bell 202" if strongest_hz(mark) < BETWEEN_MARKS_HZ else "V.23"


def _caller(sound: Sound, message: Message) -> Heard:
    try:
        what = said_of(message.caller)
    except callerid.CallerIdError as error:
        what = f"not readable: {error}"
    end_s = message.end_ms / 1000
    return Heard(
        sound.sides[message.channel],
        max(0.0, end_s - _length_s(message)),
        end_s,
        "caller-id",
        what,
        message.level_dbm0,
        f"{_modem(sound, message)}, {len(message.octets)} octets, twist {message.twist_db:+.1f} dB",
    )


def said_of(caller: callerid.CallerId) -> str:
    """What a message says, in words."""
    absent = {"O": "not available", "P": "withheld", None: ""}
    parts = [
        f"number {caller.number}" if caller.number else "",
        f"number {absent[caller.number_absent]}" if caller.number_absent else "",
        f"name {caller.name}" if caller.name else "",
        f"name {absent[caller.name_absent]}" if caller.name_absent else "",
        f"time {caller.time[:2]}-{caller.time[2:4]} {caller.time[4:6]}:{caller.time[6:]}"
        if caller.time
        else "",
        "messages waiting" if caller.messages_waiting else "",
        "no messages waiting" if caller.messages_waiting is False else "",
    ]
    return ", ".join(part for part in parts if part) or "nothing known"


def _registers(sound: Sound, direction: str, plan: str) -> Iterator[Heard]:
    detector = MfDetector(len(sound.sides), direction, china=plan == "cn")
    for piece in _pieces(sound.pcm):
        for event in detector.process(piece):
            if event.duration_ms == 0:
                continue
            start = event.start_ms / 1000
            yield Heard(
                sound.sides[event.channel],
                start,
                start + event.duration_ms / 1000,
                "mfr2",
                f"{direction} {event.signal}",
                event.level_dbm0,
                f"{event.duration_ms} ms, twist {event.twist_db:+.1f} dB",
            )


def _rest(
    side: str, samples: npt.NDArray[np.float32], activity: Activity, spoken: list[Heard]
) -> Iterator[Heard]:
    """What no detector explains: voice where voice was heard, else what its spectrum shows."""
    for start, end in activity.stretches(LEAST_VOICE_S):
        voice = any(each.start_s < end and start < each.end_s for each in spoken)
        kind = "voice" if voice else "sound"
        part = samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
        what = "voice" if voice else likeness(part)
        yield Heard(side, start, end, kind, what, activity.level_dbm0(start, end))
