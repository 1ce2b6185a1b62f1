"""DAHDI's cards: which spans there are, how they are set up, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mediaserver.config import Settings
from mediaserver.doctor.findings import Finding, fail, ok, warn

DEVICES = Path("/dev/dahdi")
MODULE = Path("/sys/module/dahdi")
_APT = "apt-get install dahdi dahdi-dkms linux-headers-amd64"
RULE = "drivers/boards/dahdi/90-mediaserver-dahdi.rules"


def dahdi(settings: Settings) -> Iterator[Finding]:
    """The driver and every span it has; quiet where no card is configured and none is there."""
    wanted = [span for board in settings.boards if board.type == "dahdi" for span in board.spans]
    if not DEVICES.is_dir():
        if wanted:
            loaded = MODULE.is_dir()
            yield fail(
                "dahdi",
                "DAHDI has no devices" if loaded else "DAHDI is not loaded",
                "modprobe the card's module" if loaded else f"{_APT}, then modprobe dahdi",
            )
        return
    from drivers.boards.dahdi.device import Control, DahdiError

    try:
        control = Control()
    except DahdiError as error:
        yield fail("dahdi", str(error), f"install -m644 {RULE} /etc/udev/rules.d/ and log in anew")
        return
    yield from _set_up_file()
    try:
        spans = control.spans()
        yield ok("dahdi", f"version {control.version()}, {len(spans)} spans")
        for info in spans:
            yield from _span(control, info)
        yield from _wanted(wanted, {info.number for info in spans})
    finally:
        control.close()


def _set_up_file(path: Path | None = None) -> Iterator[Finding]:
    """DAHDI's own set-up file, where there is one: whether dahdi_cfg could read it."""
    from drivers.boards.dahdi import conf as dahdi_conf

    path = path or dahdi_conf.SYSTEM_CONF
    if not path.exists():
        return
    try:
        lines = dahdi_conf.read(path)
    except (OSError, dahdi_conf.ConfError) as error:
        yield fail("dahdi", str(error), "mend it, or write it anew: mediaserver dahdi config")
        return
    yield ok("dahdi", f"{path}: {len(lines)} lines")


def _wanted(wanted: list[Any], there: set[int]) -> Iterator[Finding]:
    for span in wanted:
        if span.dahdi not in there:
            yield fail(
                "dahdi",
                f"span {span.name} of the configuration is DAHDI span {span.dahdi}, which is not "
                f"there (there are: {', '.join(map(str, sorted(there))) or 'none'})",
                "plug the card in, load its module, or mend `dahdi =` in the configuration",
            )


def _span(control: Any, info: Any) -> Iterator[Finding]:
    """One span in a line, and each thing that is wrong with it in another."""
    from drivers.boards.dahdi import proc, words
    from drivers.boards.dahdi.board import channels_of_span

    name = f"span {info.number}"
    told = proc.read(info.number)
    channels = channels_of_span(control, info.number, info.channels)
    facts = [
        info.description or info.name,
        words.line_words(info.lineconfig),
        f"clock from span {info.sync_source}" if info.sync_source else "",
        "DAHDI's timing master" if told is not None and told.master else "",
        f"{info.configured} of {info.channels} channels set up",
        _uses(channels),
        _cancellers(told) if told is not None and info.channels else "",
    ]
    text = "; ".join(fact for fact in facts if fact)
    if alarms := words.alarm_words(info.alarms):
        yield fail(name, f"{text}; in alarm: {', '.join(alarms)}", _advice(info.alarms))
    elif info.channels and not info.configured:
        yield warn(name, f"{text}; no channel is set up", "mediaserver dahdi config, dahdi_cfg")
    else:
        yield ok(name, text)
    yield from _faults(name, info, channels)


def _faults(name: str, info: Any, channels: Sequence[Any]) -> Iterator[Finding]:
    """What is wrong with a span beside its alarms, and what its card has counted."""
    from drivers.boards.dahdi import words

    for condition, todo in words.conditions(info.alarms):
        yield warn(name, condition, todo.replace("SPAN", str(info.number)))
    dead = [str(each.position) for each in channels if each.alarms and not info.alarms]
    if dead:
        todo = "is the exchange's line plugged in? measure: about 48 V on hook"
        yield fail(name, f"no battery on port {', '.join(dead)}", todo)
    if counted := words.error_words(info.errors):
        yield warn(name, f"counted: {counted}", "cable, plug, or a clock that slips: see lines")
    if info.prbs:
        yield warn(name, f"a test pattern is received (PRBS {info.prbs})", "the far end tests")


_ADVICE = {
    "red": "no signal: is the cable in, the far end on, transmit and receive not crossed?",
    "ais": "the far end's equipment has no signal itself: ask the operator",
    "rai": "the far end does not hear us: our transmit pair, or its receiver",
}


def _advice(bits: int) -> str:
    """For the gravest of a span's alarms."""
    from drivers.boards.dahdi import words
    from drivers.boards.dahdi._dahdi import lib

    lost = lib.DAHDI_ALARM_LFA | lib.DAHDI_ALARM_LMFA
    if bits & lost and not bits & lib.DAHDI_ALARM_LOS:
        return "there is a signal, but no frame: framing, CRC4 and line code the same on both?"
    found = {alarm.value for alarm in words.alarms(bits)}
    return next(advice for alarm, advice in _ADVICE.items() if alarm in found)


def _cancellers(told: Any) -> str:
    """The echo cancellers of a span, the card's own or the kernel's."""
    if not told.cancellers:
        return "no echo canceller of the kernel"
    names = ", ".join(f"{name} on {count} channels" for name, count in told.cancellers.items())
    at_work = f", {told.cancelling} at work" if told.cancelling else ""
    return f"echo canceller {names}{at_work}"


def _uses(channels: Sequence[Any]) -> str:
    """How many channels serve as what."""
    from drivers.boards.dahdi import words

    counts = Counter(words.signalling_word(channel.signalling) for channel in channels)
    return ", ".join(f"{count} {word}" for word, count in counts.items())
