"""DAHDI's numbers in the words of this project: alarms, events, signalling, line coding."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.base import SpanKind
from drivers.boards.dahdi._dahdi import lib
from drivers.events import Alarm

ALARMS = {
    lib.DAHDI_ALARM_RED: Alarm.RED,
    lib.DAHDI_ALARM_LOS: Alarm.RED,
    lib.DAHDI_ALARM_LFA: Alarm.RED,
    lib.DAHDI_ALARM_BLUE: Alarm.AIS,
    lib.DAHDI_ALARM_YELLOW: Alarm.RAI,
}
#: What kind of red alarm it is, where the driver tells.
REASONS = {
    lib.DAHDI_ALARM_LOS: "loss of signal",
    lib.DAHDI_ALARM_LFA: "loss of frame alignment",
    lib.DAHDI_ALARM_LMFA: "loss of multiframe alignment",
}
#: Bits that are no alarm of the line, but worth a word to a technician -> what to do.
CONDITIONS = {
    lib.DAHDI_ALARM_LMFA: (
        "loss of multiframe alignment",
        "CRC4 and CAS must be set the same on both sides",
    ),
    lib.DAHDI_ALARM_RECOVER: (
        "recovering from an alarm",
        "the driver waits a few seconds until it is sure",
    ),
    lib.DAHDI_ALARM_LOOPBACK: (
        "looped back for a test",
        "mediaserver dahdi maintain SPAN off ends it",
    ),
    lib.DAHDI_ALARM_NOTOPEN: (
        "not open",
        "no program uses it, or it is being taken away",
    ),
}
#: What a card counts, in words.
ERRORS = {
    "bpv": "bipolar violations",
    "cv": "code violations",
    "crc4": "CRC-4 errors",
    "ebit": "E bits (errored blocks at the far end)",
    "fas": "errored frame alignment words",
    "fe": "framing errors",
    "be": "bit errors of a test pattern",
    "slips": "slips",
    "irq_misses": "interrupts missed",
    "errored_seconds": "errored seconds",
}

EVENTS = {
    int(getattr(lib, name)): name.removeprefix("DAHDI_EVENT_").lower().replace("_", " ")
    for name in dir(lib)
    if name.startswith("DAHDI_EVENT_")
}

#: What a channel's signalling serves. DAHDI names it after the far end: a port with FXO signalling
#: feeds a telephone.
SIGNALLING = {
    lib.DAHDI_SIG_NONE: "not configured",
    lib.DAHDI_SIG_CLEAR: "clear",
    lib.DAHDI_SIG_HDLCFCS: "D channel",
    lib.DAHDI_SIG_HARDHDLC: "D channel (card's HDLC)",
    lib.DAHDI_SIG_CAS: "CAS",
    lib.DAHDI_SIG_EM: "E&M",
    lib.DAHDI_SIG_EM_E1: "E&M on E1",
    lib.DAHDI_SIG_FXSLS: "FXO port, loop start",
    lib.DAHDI_SIG_FXSGS: "FXO port, ground start",
    lib.DAHDI_SIG_FXSKS: "FXO port, kewl start",
    lib.DAHDI_SIG_FXOLS: "FXS port, loop start",
    lib.DAHDI_SIG_FXOGS: "FXS port, ground start",
    lib.DAHDI_SIG_FXOKS: "FXS port, kewl start",
}
D_CHANNELS = frozenset({lib.DAHDI_SIG_HDLCFCS, lib.DAHDI_SIG_HARDHDLC})
FITS: dict[SpanKind, frozenset[int]] = {
    SpanKind.FXO: frozenset({lib.DAHDI_SIG_FXSLS, lib.DAHDI_SIG_FXSGS, lib.DAHDI_SIG_FXSKS}),
    SpanKind.FXS: frozenset({lib.DAHDI_SIG_FXOLS, lib.DAHDI_SIG_FXOGS, lib.DAHDI_SIG_FXOKS}),
    SpanKind.E1: frozenset({lib.DAHDI_SIG_CLEAR, lib.DAHDI_SIG_CAS, lib.DAHDI_SIG_EM_E1}),
}

_LINE = {
    lib.DAHDI_CONFIG_CCS: "CCS",
    lib.DAHDI_CONFIG_HDB3: "HDB3",
    lib.DAHDI_CONFIG_AMI: "AMI",
    lib.DAHDI_CONFIG_B8ZS: "B8ZS",
    lib.DAHDI_CONFIG_CRC4: "CRC4",
    lib.DAHDI_CONFIG_D4: "D4",
    lib.DAHDI_CONFIG_ESF: "ESF",
    lib.DAHDI_CONFIG_NTTE: "NT",
}


def alarms(bits: int) -> frozenset[Alarm]:
    """Alarms among DAHDI's alarm bits."""
    return frozenset(alarm for bit, alarm in ALARMS.items() if bits & bit)


def alarm_words(bits: int) -> list[str]:
    """The same for people, red with its reason, as in "red (loss of signal)"."""
    reasons = ", ".join(word for bit, word in REASONS.items() if bits & bit)
    found = sorted(alarm.value for alarm in alarms(bits))
    why = {Alarm.RED.value: f" ({reasons})" if reasons else ""}
    return [f"{word}{why.get(word, '')}" for word in found]


def conditions(bits: int) -> list[tuple[str, str]]:
    """(what, what to do), of bits that no alarm tells of."""
    found = dict(CONDITIONS)
    if Alarm.RED in alarms(bits):
        del found[lib.DAHDI_ALARM_LMFA]  # a reason of it
    return [said for bit, said in found.items() if bits & bit]


def error_words(errors: Mapping[str, int]) -> str:
    """What was counted, as in "3 CRC-4 errors, 2 slips"; "" for nothing."""
    return ", ".join(f"{errors[name]} {word}" for name, word in ERRORS.items() if errors.get(name))


#: T1, whose bits are robbed, or whose signalling is common.
_NO_CAS = lib.DAHDI_CONFIG_CCS | lib.DAHDI_CONFIG_D4 | lib.DAHDI_CONFIG_ESF | lib.DAHDI_CONFIG_B8ZS


def line_words(lineconfig: int) -> str:
    """Framing and line code, as in "CCS HDB3 CRC4"; "" where the span has none."""
    found = [word for bit, word in _LINE.items() if lineconfig & bit]
    if found and not lineconfig & _NO_CAS:
        found.insert(0, "CAS")  # E1 without common-channel signalling
    return " ".join(found)


def event_word(event: int) -> str:
    if event & lib.DAHDI_EVENT_PULSEDIGIT:
        return f"pulse digit {chr(event & 0xFF)}"
    return EVENTS.get(event, f"event {event}")


def signalling_word(code: int) -> str:
    return SIGNALLING.get(code, f"signalling {code:#x}")
