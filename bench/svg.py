"""Pictures as text: the few shapes of SVG that the reports and the kernels' plots need.

A drawing is a white card with its own colours, so that it looks the same on a dark page.  Raster
parts (spectrograms) are PNG with a palette, written here, inside the SVG.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"
INK, MUTED, GRID, PALE = "#1f2933", "#66727f", "#e3e7eb", "#f3f5f7"
BLUE, TEAL, ORANGE, RED, GREEN, VIOLET = (
    "#2563eb",
    "#0d9488",
    "#ea7317",
    "#d92d20",
    "#16a34a",
    "#7c3aed",
)
SERIES = (BLUE, ORANGE, TEAL, VIOLET, RED, MUTED)
CARD_RADIUS = 8

Point = tuple[float, float]


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _printable(words: str) -> str:
    """Without what XML does not allow."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in words)


class Svg:
    """A drawing of `width` × `height` pixels.

    Every method adds one shape; lengths are pixels from the upper left corner, colours CSS.
    """

    def __init__(self, width: float, height: float, title: str) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []
        self._title = title
        self.rect(0.5, 0.5, width - 1, height - 1, "#ffffff", stroke=GRID, radius=CARD_RADIUS)

    def _add(self, tag: str, inside: str | None = None, **attributes: object) -> None:
        words = "".join(
            f" {name.replace('_', '-')}="
            + quoteattr(_number(value) if isinstance(value, float) else str(value))
            for name, value in attributes.items()
            if value is not None
        )
        self._parts.append(
            f"<{tag}{words}/>" if inside is None else f"<{tag}{words}>{inside}</{tag}>"
        )

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        *,
        stroke: str | None = None,
        radius: float = 0,
        opacity: float | None = None,
    ) -> None:
        """A rectangle, its corners rounded by `radius`."""
        self._add(
            "rect",
            x=float(x),
            y=float(y),
            width=float(width),
            height=float(height),
            rx=float(radius) or None,
            fill=fill,
            stroke=stroke,
            fill_opacity=opacity,
        )

    def line(
        self, a: Point, b: Point, colour: str, *, width: float = 1, dash: str | None = None
    ) -> None:
        """A straight line from `a` to `b`; `dash` as in SVG: "4 3"."""
        self._add(
            "line",
            x1=float(a[0]),
            y1=float(a[1]),
            x2=float(b[0]),
            y2=float(b[1]),
            stroke=colour,
            stroke_width=width,
            stroke_dasharray=dash,
        )

    def path(
        self,
        points: Iterable[Point],
        colour: str,
        *,
        width: float = 1.6,
        dash: str | None = None,
        fill: str = "none",
        opacity: float | None = None,
        closed: bool = False,
    ) -> None:
        """A line through `points`, or the area they enclose."""
        steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self._add(
            "path",
            d=f"M{steps}{'Z' if closed else ''}",
            fill=fill,
            fill_opacity=opacity,
            stroke=colour,
            stroke_width=width,
            stroke_dasharray=dash,
            stroke_linejoin="round",
        )

    def dot(self, x: float, y: float, radius: float, colour: str) -> None:
        """A filled circle."""
        self._add("circle", cx=float(x), cy=float(y), r=float(radius), fill=colour)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 11,
        colour: str = INK,
        anchor: str = "start",
        bold: bool = False,
        turn: float | None = None,
    ) -> None:
        """Words on the base line `y`; `anchor` start, middle or end; turned by `turn` degrees."""
        self._add(
            "text",
            escape(_printable(words)),
            x=float(x),
            y=float(y),
            font_size=size,
            fill=colour,
            text_anchor=anchor if anchor != "start" else None,
            font_weight="bold" if bold else None,
            transform=f"rotate({turn:g} {_number(x)} {_number(y)})" if turn else None,
        )

    def image(self, x: float, y: float, width: float, height: float, png: bytes) -> None:
        """A raster picture, stretched over the rectangle."""
        self._add(
            "image",
            x=float(x),
            y=float(y),
            width=float(width),
            height=float(height),
            preserveAspectRatio="none",
            href="data:image/png;base64," + base64.b64encode(png).decode("ascii"),
        )

    def __str__(self) -> str:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_number(self.width)}" '
            f'height="{_number(self.height)}" viewBox="0 0 {_number(self.width)} '
            f'{_number(self.height)}" font-family="{FONT}">'
        )
        return "\n".join(
            [head, f"<title>{escape(self._title)}</title>", *self._parts, "</svg>", ""]
        )


#: From quiet to loud: dark blue, violet, orange, pale yellow.
_HEAT = ((14, 16, 48), (82, 28, 120), (190, 55, 90), (248, 140, 40), (252, 250, 190))


def heat_palette(steps: int = 64) -> list[tuple[int, int, int]]:
    """Colours for a spectrogram, dark to bright, in `steps` equal steps."""
    at = np.linspace(0, len(_HEAT) - 1, steps)
    channels = [np.interp(at, range(len(_HEAT)), [c[k] for c in _HEAT]) for k in range(3)]
    return [(int(r), int(g), int(b)) for r, g, b in zip(*channels, strict=True)]


def png(pixels: NDArray[np.uint8], palette: Sequence[tuple[int, int, int]]) -> bytes:
    """A PNG of palette indices, uint8 of shape (rows, columns), the first row on top."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows, columns = pixels.shape
    raw = b"".join(b"\0" + row.tobytes() for row in np.ascontiguousarray(pixels))
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", bytes(value for colour in palette for value in colour)),
            chunk(b"IDAT", zlib.compress(raw, 9)),
            chunk(b"IEND", b""),
        )
    )
