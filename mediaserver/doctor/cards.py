"""DAHDI's cards: which spans there are, how they are set up, and what is wrong with them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mediaserver.config import Settings
from mediaserver.doctor.findings import Finding, fail, ok, warn

DEVICES = Path("/dev/dahdi")
MODULE = Path("/sys/module/dahdi")
PROC = Path("/proc/dahdi")
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
    from drivers.boards.dahdi import words

    name = f"span {info.number}"
    facts = [
        info.description or info.name,
        words.line_words(info.lineconfig),
        f"clock from span {info.sync_source}" if info.sync_source else "",
        f"{info.configured} of {info.channels} channels set up",
        _uses(control, info),
        _cancellers(info.number) if info.channels else "",
    ]
    text = "; ".join(fact for fact in facts if fact)
    alarms = sorted(alarm.value for alarm in words.alarms(info.alarms))
    if alarms:
        yield fail(name, f"{text}; in alarm: {', '.join(alarms)}", _ALARM_ADVICE[alarms[0]])
    elif info.channels and not info.configured:
        yield warn(name, f"{text}; no channel is set up", "mediaserver dahdi config, dahdi_cfg")
    else:
        yield ok(name, text)
    for condition in words.conditions(info.alarms):
        yield warn(name, condition, "end the loop or the test; dahdi_maint shows it")
    counted = {what: count for what, count in info.errors.items() if count}
    if counted:
        said = ", ".join(f"{count} {what}" for what, count in counted.items())
        yield warn(name, f"errors counted: {said}", "cable, plug, or a clock that slips: see lines")


_ALARM_ADVICE = {
    "red": "no signal: is the cable in, the far end on, transmit and receive not crossed?",
    "ais": "the far end's equipment has no signal itself: ask the operator",
    "rai": "the far end does not hear us: our transmit pair, or its receiver",
}


#: The canceller a channel was given in the set-up file, or that its card has.
_CANCELLER = re.compile(r"\(EC: (.+?) - (ACTIVE|INACTIVE)\)")


def _cancellers(number: int, proc: Path | None = None) -> str:
    """The kernel's echo cancellers of a span; "" where DAHDI does not tell."""
    try:
        text = ((proc or PROC) / str(number)).read_text(errors="replace")
    except OSError:
        return ""
    found = _CANCELLER.findall(text)
    if not found:
        return "no echo canceller of the kernel"
    active = sum(state == "ACTIVE" for _name, state in found)
    names = Counter(name for name, _state in found)
    told = ", ".join(f"{name} on {count} channels" for name, count in names.items())
    return f"echo canceller {told}" + (f", {active} at work" if active else "")


def _uses(control: Any, info: Any) -> str:
    """How many channels serve as what."""
    from drivers.boards.dahdi import words
    from drivers.boards.dahdi.board import channels_of_span

    counts: dict[str, int] = {}
    for channel in channels_of_span(control, info.number, info.channels):
        word = words.signalling_word(channel.signalling)
        counts[word] = counts.get(word, 0) + 1
    return ", ".join(f"{count} {word}" for word, count in counts.items())
