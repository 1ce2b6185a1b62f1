"""What `mediaserver tune` says of echo: the tail, suppression, which spans; and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bench.carry import PER_E1, Figures, Setup
from bench.echo_settings import FIRST_KEY_S, Heard
from mediaserver.config import Board, Span

LEAST_TAIL_MS = 64
MOST_TAIL_MS = 128
#: An echo below this is not heard by the one who speaks (dBm0).
HEARD_DBM0 = -50.0


@dataclass(frozen=True, slots=True)
class EchoAdvice:
    """media, spans : lines for the configuration file; reasons : in plain words."""

    media: tuple[str, ...]
    spans: tuple[str, ...]
    reasons: tuple[str, ...]


def advise(
    figures: Figures, setup: Setup, carried: Mapping[Setup, int], boards: tuple[Board, ...]
) -> EchoAdvice:
    """For the setup that was chosen.  carried : how many E1 each setup carries."""
    tail_ms = setup.tail_ms or LEAST_TAIL_MS
    suppress = _suppress(figures, tail_ms)
    on_e1 = setup.tail_ms > 0
    reasons = (
        _why_tail(figures, setup, tail_ms, carried),
        _why_spans(figures, setup, tail_ms, carried),
        _why_suppress(figures, tail_ms, suppress),
        *_twice(boards),
    )
    media = (f"echo_tail_ms = {tail_ms}", f"echo_suppress = {str(suppress).lower()}")
    return EchoAdvice(media, tuple(_spans(boards, on_e1)), reasons)


def _suppress(figures: Figures, tail_ms: int) -> bool:
    """Only where an echo is heard without it, and no key is lost by it."""
    without, with_it = (figures.echo.get((tail_ms, on)) for on in (False, True))
    if without is None or with_it is None:
        return False
    return without.left_dbm0 > HEARD_DBM0 and with_it.keys >= without.keys


def _why_tail(figures: Figures, setup: Setup, tail_ms: int, carried: Mapping[Setup, int]) -> str:
    e1 = {tail: carried[replace(setup, tail_ms=tail)] for tail in (LEAST_TAIL_MS, MOST_TAIL_MS)}
    channels = max(1, e1[LEAST_TAIL_MS]) * PER_E1
    short, long = (figures.cost(f"echo {tail} ms", channels) for tail in e1)
    memory = figures.memory_kib
    more = memory.get("echo 128 ms", 0.0) - memory.get("echo 64 ms", 0.0)
    return (
        f"echo_tail_ms = {tail_ms}: 128 ms take {long:.2f} µs a channel, 64 ms {short:.2f}, and "
        f"{more:.1f} KiB more; with 128 ms on every channel {e1[MOST_TAIL_MS]} E1 are carried, "
        f"with 64 ms {e1[LEAST_TAIL_MS]}. The tail is how far an echo is spread; how late it "
        "begins is found by itself and takes none of it."
    )


def _why_spans(figures: Figures, setup: Setup, tail_ms: int, carried: Mapping[Setup, int]) -> str:
    without = carried[replace(setup, tail_ms=0)]
    channels = max(1, carried[setup]) * PER_E1
    cost = figures.cost(f"echo {tail_ms} ms", channels)
    if setup.tail_ms:
        whole = figures.tick_us(setup, channels) / channels
        return (
            f"echo = true on E1 spans too: {cost:.2f} of {whole:.2f} µs a channel, and this "
            "machine has them. Where an E1 goes to an exchange that cancels echo itself, false; "
            f"without any {without} E1 are carried."
        )
    return (
        f"echo = false on E1 spans: it would take {cost:.2f} µs a channel more. Leave it on for "
        "analog lines, whose hybrids give an echo back."
    )


def _why_suppress(figures: Figures, tail_ms: int, suppress: bool) -> str:
    without, with_it = (figures.echo.get((tail_ms, on)) for on in (False, True))
    if without is None or with_it is None:
        return "echo_suppress = false: what it does to keys is not in the file."
    return f"echo_suppress = {str(suppress).lower()}: {_left(without)} {_keys(without, with_it)}"


def _left(without: Heard) -> str:
    heard = "is heard" if without.left_dbm0 > HEARD_DBM0 else "nobody hears"
    return (
        f"the filters alone leave an echo of {without.left_dbm0:.0f} dBm0 of a prompt sent at -16, "
        f"which {heard}."
    )


def _keys(without: Heard, with_it: Heard) -> str:
    return (
        f"Of keys that a caller keys {FIRST_KEY_S:g} s into the prompt {with_it.keys:.0f} % are "
        f"heard with suppression, {without.keys:.0f} % without."
    )


def _twice(boards: Iterable[Board]) -> Iterator[str]:
    """Cards that cancel what we cancel, too."""
    for board in boards:
        if board.kernel_echo_taps and any(span.cancels_echo for span in board.spans):
            yield (
                f"Board {board.name}: kernel_echo_taps = 0, or echo is cancelled twice, by DAHDI "
                "before us; ours then learns a path that DAHDI's changes."
            )


def _spans(boards: tuple[Board, ...], on_e1: bool) -> Iterator[str]:
    """The spans whose echo is to be changed; without a configuration one E1, to show where."""
    if not boards:
        yield from ("", "[[board]]", 'name = "board"')
        yield from _span(Span(name="E1-1", kind="e1"), on_e1)
    for board in boards:
        wanted = [(span, on_e1 or span.kind != "e1") for span in board.spans]
        changed = [(span, echo) for span, echo in wanted if span.cancels_echo != echo]
        if changed:
            yield from ("", "[[board]]", f'name = "{board.name}"', f'type = "{board.type}"')
        for span, echo in changed:
            yield from _span(span, echo)


def _span(span: Span, echo: bool) -> Iterator[str]:
    yield "[[board.span]]"
    yield f'name = "{span.name}"'
    yield f'kind = "{span.kind}"'
    if span.dahdi:
        yield f"dahdi = {span.dahdi}"
    yield f"echo = {str(echo).lower()}"
