"""DAHDI's numbers in the words of this project: alarms, events, signalling, line coding."""

from __future__ import annotations

from drivers.base import SpanKind
from drivers.boards.dahdi._dahdi import lib
from drivers.events import Alarm

ALARMS = {
    lib.DAHDI_ALARM_RED: Alarm.RED,
    lib.DAHDI_ALARM_BLUE: Alarm.AIS,
    lib.DAHDI_ALARM_YELLOW: Alarm.RAI,
}
#: Bits that are no alarm of the line, but worth a word to a technician.
CONDITIONS = {
    lib.DAHDI_ALARM_RECOVER: "recovering",
    lib.DAHDI_ALARM_LOOPBACK: "looped back",
    lib.DAHDI_ALARM_NOTOPEN: "not started",
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


def conditions(bits: int) -> list[str]:
    return [word for bit, word in CONDITIONS.items() if bits & bit]


def line_words(lineconfig: int) -> str:
    """Framing and line code, as in "CCS HDB3 CRC4"; "" where the span has none."""
    return " ".join(word for bit, word in _LINE.items() if lineconfig & bit)


def event_word(event: int) -> str:
    if event & lib.DAHDI_EVENT_PULSEDIGIT:
        return f"pulse digit {chr(event & 0xFF)}"
    return EVENTS.get(event, f"event {event}")


def signalling_word(code: int) -> str:
    return SIGNALLING.get(code, f"signalling {code:#x}")
