"""The pictures of docs/kernels, each made from its kernel: ``python -m bench.plots``.

Every ``bench/plots/NAME.py`` with a `draw()` that gives a drawing is one of them, so that a kernel
brings its own and nothing is listed here.  The same kernel gives the same picture.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from bench.svg import Svg

WIDTH, HEIGHT = 780, 350
#: Two panels beside each other: (x, y, width, height) of their axes.
LEFT = (70.0, 66.0, 300.0, 226.0)
RIGHT = (460.0, 66.0, 300.0, 226.0)
WHOLE = (70.0, 66.0, 690.0, 226.0)


def names() -> list[str]:
    """The kernels of this build that have a picture, in order."""
    found = [path.stem for path in Path(__file__).parent.glob("*.py")]
    return sorted(n for n in found if not n.startswith("_") and find_spec(f"dsp_ext.{n}"))


def load(name: str) -> Callable[[], Svg]:
    """The `draw` of a kernel's picture."""
    draw: Callable[[], Svg] = importlib.import_module(f"bench.plots.{name}").draw
    return draw


def card(title: str, *, height: float = HEIGHT) -> Svg:
    """An empty drawing with its title."""
    drawing = Svg(WIDTH, height, title)
    drawing.text(22, 30, title, size=14, bold=True)
    return drawing
