"""A pair of axes in a drawing: lines, areas, points and spectrograms in the data's own units."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench import svg
from bench.svg import GRID, INK, MUTED, Svg

TICKS = 6  # about as many on an axis


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`; `ticks` where round numbers would not do; `show` writes one."""

    low: float
    high: float
    label: str = ""
    log: bool = False
    ticks: Sequence[float] = field(default=())
    show: Callable[[float], str] = "{:g}".format

    def share(self, value: float) -> float:
        """Where `value` lies, 0 at `low` and 1 at `high`."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def marks(self) -> list[float]:
        """Round numbers inside the axis, or those it was given."""
        if self.ticks:
            return list(self.ticks)
        if self.log:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            return [10.0**power for power in powers]
        step = _round_step((self.high - self.low) / TICKS)
        first = math.ceil(self.low / step - 1e-9)
        count = math.floor(self.high / step + 1e-9) - first + 1
        return [round((first + k) * step, 10) for k in range(count)]


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(k * power for k in (1, 2, 2.5, 5, 10) if k * power >= rough * 0.999)


class Plot:
    """Axes over the rectangle `box` (x, y, width, height) of a drawing."""

    def __init__(
        self,
        drawing: Svg,
        box: tuple[float, float, float, float],
        x: Axis,
        y: Axis,
        title: str = "",
    ) -> None:
        self._svg, self._box, self._x, self._y = drawing, box, x, y
        left, top, width, height = box
        if title:
            drawing.text(left, top - 10, title, size=12, bold=True)
        for value in x.marks():
            at = self._at_x(value)
            drawing.line((at, top), (at, top + height), GRID)
            drawing.text(at, top + height + 16, x.show(value), colour=MUTED, anchor="middle")
        for value in y.marks():
            at = self._at_y(value)
            drawing.line((left, at), (left + width, at), GRID)
            drawing.text(left - 7, at + 4, y.show(value), colour=MUTED, anchor="end")
        if x.label:
            drawing.text(left + width / 2, top + height + 34, x.label, anchor="middle")
        if y.label:
            middle = top + height / 2
            drawing.text(left - 46, middle, y.label, anchor="middle", turn=-90)

    def _at_x(self, value: float) -> float:
        left, _, width, _ = self._box
        return left + width * min(1.0, max(0.0, self._x.share(value)))

    def _at_y(self, value: float) -> float:
        _, top, _, height = self._box
        return top + height * (1 - min(1.0, max(0.0, self._y.share(value))))

    def line(
        self,
        x: ArrayLike,
        y: ArrayLike,
        colour: str,
        *,
        width: float = 1.8,
        dash: str | None = None,
    ) -> None:
        """A curve; what lies outside the axes is drawn at their edge."""
        xs, ys = np.asarray(x, dtype=float).tolist(), np.asarray(y, dtype=float).tolist()
        points = [(self._at_x(a), self._at_y(b)) for a, b in zip(xs, ys, strict=True)]
        self._svg.path(points, colour, width=width, dash=dash)

    def dots(self, x: ArrayLike, y: ArrayLike, colour: str, radius: float = 2.4) -> None:
        """A point for each pair."""
        xs, ys = np.asarray(x, dtype=float).tolist(), np.asarray(y, dtype=float).tolist()
        for a, b in zip(xs, ys, strict=True):
            self._svg.dot(self._at_x(a), self._at_y(b), radius, colour)

    def area(
        self, points: Iterable[tuple[float, float]], colour: str, *, opacity: float = 0.15
    ) -> None:
        """The polygon of `points`, filled."""
        corners = [(self._at_x(a), self._at_y(b)) for a, b in points]
        self._svg.path(corners, colour, fill=colour, opacity=opacity, width=1, closed=True)

    def limit(
        self, value: float, words: str, colour: str = svg.RED, *, below: bool = False
    ) -> None:
        """A dashed line across at the height `value`, with what it is."""
        left, _, width, _ = self._box
        at = self._at_y(value)
        self._svg.line((left, at), (left + width, at), colour, dash="5 4")
        self._svg.text(
            left + width - 4, at + (13 if below else -4), words, colour=colour, anchor="end"
        )

    def upright(self, value: float, words: str = "", colour: str = MUTED) -> None:
        """A dashed line from top to bottom at `value`, with what it is."""
        _, top, _, height = self._box
        at = self._at_x(value)
        self._svg.line((at, top), (at, top + height), colour, dash="3 3")
        if words:
            self._svg.text(at + 4, top + 13, words, colour=colour)

    def label(
        self, x: float, y: float, words: str, colour: str = INK, *, anchor: str = "start"
    ) -> None:
        """Words at a place of the data."""
        self._svg.text(self._at_x(x), self._at_y(y), words, colour=colour, anchor=anchor)

    def bars(self, x: Sequence[float], y: Sequence[float], colour: str, width: float) -> None:
        """An upright bar for each pair, `width` wide in the data's units."""
        floor = self._at_y(self._y.low)
        for a, b in zip(x, y, strict=True):
            left, top = self._at_x(a - width / 2), self._at_y(b)
            self._svg.rect(left, top, self._at_x(a + width / 2) - left, floor - top, colour)

    def heat(
        self, levels: NDArray[np.float64], low: float, high: float, *, repeat: int = 1
    ) -> None:
        """A raster over the whole of the axes: (rows, columns), the first row at the bottom.

        repeat : pixels a value, so that few values keep their edges when they are stretched
        """
        palette = svg.heat_palette()
        share = np.clip((levels[::-1] - low) / (high - low), 0, 1)
        pixels = np.round(share * (len(palette) - 1)).astype(np.uint8)
        pixels = pixels.repeat(repeat, axis=0).repeat(repeat, axis=1)
        self._svg.image(*self._box, svg.png(pixels, palette))

    def legend(self, *entries: tuple[str, str], x: float = 10, y: float = 14) -> None:
        """(words, colour) under each other, `x` and `y` pixels from the axes' upper left corner."""
        left, top, _, _ = self._box
        widest = max(len(words) for words, _ in entries)
        self._svg.rect(
            left + x - 6,
            top + y - 13,
            widest * 6.6 + 36,
            17 * len(entries) + 7,
            "#ffffff",
            opacity=0.85,
        )
        for row, (words, colour) in enumerate(entries):
            at = top + y + 17 * row
            self._svg.line((left + x, at - 4), (left + x + 18, at - 4), colour, width=2.4)
            self._svg.text(left + x + 24, at, words)


def spectrogram(
    pcm: NDArray[np.float32], *, window: int = 256, hop: int = 64
) -> NDArray[np.float64]:
    """Power in dB, (bins, columns), of a 1-D signal: Hann windows of `window` samples."""
    starts = range(0, max(1, len(pcm) - window + 1), hop)
    frames = np.stack([pcm[at : at + window] for at in starts]) * np.hanning(window)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    return np.asarray(10 * np.log10(power.T + 1.0))
