"""DAHDI's set-up file, /etc/dahdi/system.conf: read it, and write one from what is wanted.

What: `read` gives its lines as (keyword, value) with places; `Plan.text` is a file that dahdi_cfg
takes. How: one keyword a line, channels as ranges. Limits: E1 spans and analog ports.
Source: system.conf(5) as dahdi_cfg reads it; G.704 for framing (CRC4), G.703 for HDB3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SYSTEM_CONF = Path("/etc/dahdi/system.conf")

KEYWORDS = frozenset(
    [
        "span",
        "dynamic",
        "alaw",
        "mulaw",
        "deflaw",
        "loadzone",
        "defaultzone",
        "echocanceller",
        "bchan",
        "dchan",
        "fcshdlc",
        "hardhdlc",
        "nethdlc",
        "cas",
        "e&m",
        "e&me1",
        "fxsls",
        "fxsgs",
        "fxsks",
        "fxols",
        "fxogs",
        "fxoks",
        "unused",
        "clear",
        "rawhdlc",
        "dacs",
        "dacsrbs",
        "channels",
        "ctcss",
        "dcsrx",
        "rxdcs",
        "tx",
        "rxtone",
        "txtone",
        "sf",
        "mtp2",
        "pciradio",
    ]
)


@dataclass(frozen=True, slots=True)
class ConfLine:
    number: int
    keyword: str
    value: str


class ConfError(ValueError):
    """A line dahdi_cfg would not take; says which and why."""


def read(path: Path = SYSTEM_CONF) -> list[ConfLine]:
    """The file's lines, comments left out. OSError; ConfError naming the line."""
    return list(_lines(path.read_text(encoding="utf-8", errors="replace"), str(path)))


def _lines(text: str, name: str) -> Iterator[ConfLine]:
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.split("#", 1)[0].split(";", 1)[0].strip()
        if not line:
            continue
        keyword, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            raise ConfError(f"{name}, line {number}: {line!r} has no '='")
        if keyword.lower() not in KEYWORDS:
            raise ConfError(f"{name}, line {number}: dahdi_cfg knows no {keyword!r}")
        yield ConfLine(number, keyword.lower(), value)


def channels_of(value: str) -> list[int]:
    """The channels of "1-15,17:1101". ConfError for what is none."""
    numbers: list[int] = []
    for part in value.split(":", 1)[0].split(","):
        first, _, last = part.strip().partition("-")
        try:
            numbers += range(int(first), int(last or first) + 1)
        except ValueError:
            raise ConfError(f"{part.strip()!r} is no channel and no range of channels") from None
    return numbers


def ranges(numbers: Iterable[int]) -> str:
    """1, 2, 3, 7 → "1-3,7"."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


@dataclass(frozen=True, slots=True)
class SpanPlan:
    """What one span is to be. `use`: "pri", "mfcr2", "em", "fxs" (telephones), "fxo"

    (exchange lines).

    timing : 0 gives the clock to the line, 1 and up take it from there, 1 first
    channels : DAHDI's numbers of all its channels, in order
    echo : the kernel's canceller of its channels, as in "mg2"; "": none
    echo_on : which of them, counted from 1; None: all
    line : whether the span has framing and a line code to set (not so for analog and dynamic ones)
    """

    number: int
    use: str
    channels: tuple[int, ...]
    timing: int = 1
    crc4: bool = True
    line: bool = True
    echo: str = ""
    echo_on: frozenset[int] | None = None


#: Idle patterns. R2: A and B set, C and D as Q.421 wants them; E&M: on hook.
_IDLE = {"mfcr2": "1101", "em": "0001"}


def text(spans: Iterable[SpanPlan], *, zone: str, law: str = "alaw") -> str:
    """A system.conf. zone : libtonezone's country."""
    out = ["# Written by `mediaserver dahdi config`; dahdi_cfg sets the spans up from it."]
    echoing: dict[str, list[int]] = {}
    everything: list[int] = []
    for span in spans:
        out += ["", f"# span {span.number}: {span.use}", *_span(span)]
        if span.echo:
            echoing.setdefault(span.echo, []).extend(_echoing(span))
        everything += span.channels
    if everything:
        out += ["", f"{'mulaw' if law == 'ulaw' else 'alaw'}={ranges(everything)}"]
    for name, channels in echoing.items():
        out.append(f"echocanceller={name},{ranges(channels)}")
    return "\n".join([*out, "", f"loadzone={zone}", f"defaultzone={zone}", ""])


def _voice(span: SpanPlan) -> list[int]:
    if span.use in ("pri", *_IDLE):
        return [channel for place, channel in enumerate(span.channels, 1) if place != 16]
    return list(span.channels)


def _echoing(span: SpanPlan) -> list[int]:
    on = span.echo_on
    first = span.channels[0] - 1
    return [each for each in _voice(span) if on is None or each - first in on]


def _span(span: SpanPlan) -> Iterator[str]:
    if span.line and span.use in ("pri", *_IDLE):
        coding = "ccs" if span.use == "pri" else "cas"
        crc4 = ",crc4" if span.crc4 else ""
        yield f"span={span.number},{span.timing},0,{coding},hdb3{crc4}"
    voice = ranges(_voice(span))
    if span.use == "pri":
        yield f"bchan={voice}"
        yield f"dchan={span.channels[15]}"
    elif span.use in _IDLE:
        yield f"cas={voice}:{_IDLE[span.use]}"
    else:
        # DAHDI names a port's signalling after its far end.
        yield f"{'fxoks' if span.use == 'fxs' else 'fxsks'}={voice}"
