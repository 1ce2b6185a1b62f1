"""Rows of the suite ``quality``: the echo canceller on G.168's paths D.2 to D.9.

A-law both ways, -16 dBm0, 1,024 taps, echo return loss 6 dB, delay 10 ms, the non-linear processor
off unless it is said; means over the eight paths, in the 350 ms before the moment named. The peer
is libspeexdsp's canceller of 1,024 taps on the very same lines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bench.peers._echo import ffi, lib
from bench.report import Result
from bench.signals import echo_lines as lab
from bench.signals import g168
from dsp_ext.units import MEAN_SQUARE_0DBM0, SAMPLE_RATE

PEER = "libspeexdsp's canceller (MDF)"
TAPS = 1024
MOMENTS = ((0.5, 20.0), (1.0, 28.0), (5.0, 35.0))  # s, ERLE to reach in dB
CONVERSATIONS = 12
WHEN = ("2 to 4 s", "in 3 s of double talk", "in the second after double talk")
SETTLED_DB = (28.0, None, 28.0)  # the goal at 1 s; what the near end covers has none
DOUBLE_TALK_S = (5, 8)
ANY_S = 60
HEARD = MEAN_SQUARE_0DBM0 * 1e-5  # what is below -50 dBm0 is not judged

Pcm = NDArray[np.float32]
Source = Callable[[float], lab.Signal]


def speech(seconds: float) -> lab.Signal:
    """Debian's prompts."""
    return lab.recorded(lab.PROMPTS, seconds, seed=5)


def music(seconds: float) -> lab.Signal:
    """Debian's music on hold."""
    return lab.recorded(lab.MUSIC, seconds, seed=2)


def sources() -> dict[str, Source]:
    """Far ends; recordings only where they are installed."""
    found: dict[str, Source] = {"CSS": lab.css, "speech-shaped": lab.shaped}
    return found | ({"speech": speech} if any(lab.PROMPTS.glob("**/*.wav")) else {})


def peers(sent: lab.Signal, received: lab.Signal) -> Pcm:
    """What the peer leaves."""
    tx, rx = (np.ascontiguousarray(x.T, dtype=np.int16) for x in (sent, received))
    out = np.zeros_like(rx)
    peer = ffi.gc(lib.echo_peer_new(len(tx), TAPS), lib.echo_peer_free)
    views = [ffi.from_buffer("int16_t[]", x) for x in (tx, rx)]
    views.append(ffi.from_buffer("int16_t[]", out, require_writable=True))
    lib.echo_peer_run(peer, *views, tx.shape[1])
    return out.T.astype(np.float32)


def _row(
    what: str,
    value: float,
    goal: float | None,
    peer_value: float | None = None,
    *,
    unit: str = "dB",
    better: Literal["lower", "higher"] = "higher",
) -> Result:
    peer = PEER if peer_value is not None else None
    return Result("quality", f"echo, {what}", value, unit, better, peer, peer_value, goal)


def convergence(name: str, source: Source) -> list[Result]:
    """ERLE at each moment.  Speech, which begins as it likes, has no goals."""
    sent, echoes, received = lab.lines(source(MOMENTS[-1][0]))
    ours, theirs = lab.cancelled(sent, received), peers(sent, received)
    return [
        _row(
            f"{name}: ERLE at {moment:g} s",
            float(lab.loss_db(echoes, ours, moment - 0.35, moment).mean()),
            goal if name != "speech" else None,
            float(lab.loss_db(echoes, theirs, moment - 0.35, moment).mean()),
        )
        for moment, goal in MOMENTS
    ]


def conversations() -> list[Result]:
    """Prompts, a few recordings: ERLE once it is settled, while both ends speak, and after it.

    What double talk costs is told beside the same far end that nobody spoke against.
    """
    start, end, length = 4, 7, 9  # s: of double talk, of all
    found: list[list[list[float]]] = []
    for seed in range(CONVERSATIONS):
        far = lab.recorded(lab.PROMPTS, length, seed=20 + seed)
        near = np.zeros(len(far))
        talk = slice(start * SAMPLE_RATE, end * SAMPLE_RATE)
        near[talk] = lab.recorded(lab.PROMPTS, end - start, seed=50 + seed)
        sent, echoes, received = lab.lines(far, near)
        alone = lab.lines(far)[2]
        turns: list[list[float]] = []
        for cancel in (lab.cancelled, peers):
            left = cancel(sent, received)
            before, during, after, kept = (
                float(lab.loss_db(echoes, what, since, until).mean())
                for what, since, until in (
                    (left, start - 2, start),
                    (left - near[:, None], start, end),
                    (left, end + 0.05, end + 1),
                    (cancel(sent, alone), end + 0.05, end + 1),
                )
            )
            turns.append([before, during, after, kept - after])
        found.append(turns)
    ours, theirs = np.mean(found, axis=0)
    of = f"prompts, {CONVERSATIONS} recordings:"
    rows = [
        _row(f"{of} ERLE {when}", value, goal, peer)
        for when, value, goal, peer in zip(WHEN, ours, SETTLED_DB, theirs, strict=False)
    ]
    lost, peers_lost = ours[-1], theirs[-1]
    return [*rows, _row(f"{of} lost by 3 s of double talk", lost, 3.0, peers_lost, better="lower")]


def double_talk(name: str, source: Source) -> Result:
    """ERLE lost by three seconds of a near end as loud as the far end."""
    start, end = DOUBLE_TALK_S
    near = np.zeros((end + 1) * SAMPLE_RATE)
    kind = lab.css(end - start, kind="c3") if name == "CSS" else lab.shaped(end - start, seed=78)
    near[start * SAMPLE_RATE : end * SAMPLE_RATE] = kind
    sent, echoes, received = lab.lines(source(end + 1), near)
    lost = [
        lab.loss_db(echoes, left, start - 0.7, start)
        - lab.loss_db(echoes, left, end + 0.05, end + 0.4)
        for left in (lab.cancelled(sent, received), peers(sent, received))
    ]
    what = f"{name}: lost by 3 s of double talk"
    ours, theirs = (max(0.0, float(each.mean())) for each in lost)
    return _row(what, ours, 3.0, theirs, better="lower")


def changes(name: str, source: Source, jump_ms: int) -> Result:
    """ERLE a second after another path, worst of five, one every 5 s.

    The goal is test 2B's: 20 dB of path and canceller together.
    """
    every, count = 5, 6
    far = source(every * count)
    variants = [lab.lines(far, delay_ms=lab.DELAY_MS + late)[1] for late in (0, jump_ms)]
    sent, echoes, _ = lab.lines(far)
    for turn in range(1, count):
        part = slice(turn * every * SAMPLE_RATE, (turn + 1) * every * SAMPLE_RATE)
        echoes[part] = np.roll(variants[turn % 2], 3 * turn, axis=1)[part]
    received = lab.coded(echoes)
    worst = [
        min(
            float(lab.loss_db(echoes, left, t * every + 0.65, t * every + 1).mean())
            for t in range(1, count)
        )
        for left in (lab.cancelled(sent, received), peers(sent, received))
    ]
    moved = f" and {jump_ms} ms of delay" if jump_ms else ""
    return _row(f"{name}: 1 s after another path{moved}", worst[0], 20.0 - lab.ERL_DB, worst[1])


def never_worse() -> list[Result]:
    """The least that is taken away in any 50 ms of a minute of anything."""
    n = np.arange(ANY_S * SAMPLE_RATE) / SAMPLE_RATE
    signals: dict[str, lab.Signal] = {
        "white noise": lab.white(ANY_S),
        "CSS": lab.css(ANY_S),
        "tones, one after another": np.concatenate(
            [lab.tones(6, hz) for hz in ([300], [697], [1004], [1336], [1633], [2100], [3400])]
            + [lab.tones(6, hz) for hz in ([350, 440], [697, 1209], [941, 1633])]
        ),
        "DTMF": lab.tones(ANY_S, [770, 1336], -6) * (n % 0.1 < 0.05),
        "silence": np.zeros(len(n)),
        "fax modem V.21": lab.at_level(g168.source("v21", ANY_S, 1), -13),
        "fax modem V.29": lab.at_level(g168.source("v29", ANY_S, 1), -13),
        "fax modem V.17": lab.at_level(g168.source("v17", ANY_S, 1), -13),
    }
    signals |= {"speech": speech(ANY_S)} if "speech" in sources() else {}
    signals |= {"music": music(ANY_S)} if any(lab.MUSIC.glob("**/*.wav")) else {}
    return [
        _row(f"{name}, 60 s: least loss", _least(signal), -3.0) for name, signal in signals.items()
    ]


def _least(signal: lab.Signal) -> float:
    sent, _, received = lab.lines(signal)
    left = lab.cancelled(sent, received)
    whole = len(left) // 400 * 400
    before, after = (
        np.mean(x[:whole].reshape(-1, 400, x.shape[1]) ** 2, axis=1) for x in (received, left)
    )
    loss = 10 * np.log10((before + 1e-3) / (after + 1e-3))[before > HEARD]
    return float(loss.min()) if loss.size else 0.0


def bulk_delay(delay_ms: int) -> Result:
    """ERLE, worst path, 4 s after an echo began that is later than the tail."""
    sent, echoes, received = lab.lines(lab.white(5), delay_ms=delay_ms)
    left = lab.cancelled(sent, received)
    worst = float(lab.loss_db(echoes, left, 4.3, 5).min())
    return _row(f"delay of {delay_ms} ms, tail of 128: ERLE after 4 s", worst, 20.0)


def recommendation() -> list[Result]:
    """A row for each of G.168's tests; a goal only where published programs agree on the limit."""
    return [
        _row(
            f"G.168 test {each.name}: margin",
            each.margin_db,
            0.0 if each.source == "code" else None,
        )
        for each in map(g168.verdict, g168.TESTS)
    ]


def run() -> list[Result]:
    """Convergence, double talk, changing paths, bulk delay, any signal, G.168's tests."""
    rows: list[Result] = []
    for name, source in sources().items():
        rows += convergence(name, source)
    rows += conversations() if "speech" in sources() else []
    for name in ("CSS", "speech-shaped"):
        source = sources()[name]
        rows.append(double_talk(name, source))
        rows += [changes(name, source, jump_ms) for jump_ms in (0, 20)]
    rows += [bulk_delay(delay_ms) for delay_ms in (60, 187, 240)]
    return [*rows, *never_worse(), *recommendation()]
