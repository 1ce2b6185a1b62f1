"""The echo canceller: how fast it learns, what double talk and another path do to it."""

from __future__ import annotations

import numpy as np

from bench.plot import Axis, Plot
from bench.plots import LEFT, RIGHT, card
from bench.quality.echo import peers
from bench.signals import echo_lines as lab
from bench.svg import BLUE, MUTED, ORANGE, VIOLET, Svg

SECONDS = 12
TALK_S = (5, 8)
WINDOW_S = 0.25
SHOWN_MS = (8, 28)
LINE = 3  # whose impulse response is shown


def curve(echoes: lab.Signal, left: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(s, dB): by how much the echo is lowered, mean over the eight paths."""
    ends = np.arange(WINDOW_S, SECONDS + 0.01, WINDOW_S)
    losses = [float(lab.loss_db(echoes, left, t - WINDOW_S, t).mean()) for t in ends]
    return ends, np.array(losses)


def _learning(plot: Plot) -> None:
    start, end = TALK_S
    near = np.zeros(SECONDS * 8000)
    near[start * 8000 : end * 8000] = lab.css(end - start, kind="c3")
    sent, echoes, received = lab.lines(lab.css(SECONDS), near)
    plot.area([(start, -10), (end, -10), (end, 50), (start, 50)], VIOLET, opacity=0.08)
    plot.label((start + end) / 2, 46, "both speak", VIOLET, anchor="middle")
    silent = near[:, np.newaxis]
    for left, colour in ((lab.cancelled(sent, received), BLUE), (peers(sent, received), ORANGE)):
        plot.line(*curve(echoes, left - silent), colour)
    plot.legend(("ours", BLUE), ("libspeexdsp", ORANGE), x=205, y=196)


def _path(plot: Plot) -> None:
    from dsp_ext.echo import EchoCanceller

    sent, _, received = lab.lines(lab.css(6))
    canceller = EchoCanceller(len(lab.PATHS), tail_ms=128, nlp=False)
    lab.cancelled(sent, received, canceller)
    true = np.zeros(512)
    path = lab.PATHS[LINE] * 10 ** (-lab.ERL_DB / 20)
    at = lab.DELAY_MS * 8
    true[at : at + len(path)] = path
    part = slice(SHOWN_MS[0] * 8, SHOWN_MS[1] * 8)
    time = np.arange(512)[part] / 8
    plot.line(time, true[part], "#b6bec7", width=4)
    plot.line(time, canceller.impulse_response(LINE)[part], BLUE, width=1.2)
    plot.legend(("the line", "#b6bec7"), ("the model", BLUE), x=190)


def draw() -> Svg:
    """ERLE over time; a path and its model."""
    drawing = card("Echo canceller: G.168's paths D.2 to D.9, 1,024 taps, A-law both ways")
    _learning(
        Plot(
            drawing,
            LEFT,
            Axis(0, SECONDS, "s"),
            Axis(-10, 50, "echo lowered by, dB"),
            "from nothing, with double talk",
        )
    )
    _path(
        Plot(
            drawing,
            RIGHT,
            Axis(*SHOWN_MS, "ms"),
            Axis(-0.3, 0.3, "", ticks=(-0.2, 0, 0.2)),
            f"impulse response, path D.{LINE + 2}, after 6 s",
        )
    )
    drawing.text(758, 30, "ERL 6 dB, delay 10 ms, no NLP", colour=MUTED, anchor="end", size=10)
    return drawing
