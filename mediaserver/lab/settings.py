"""The settings a scenario or the demo runs with: the demo's, and what is laid over them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from mediaserver.config.settings import Settings

DEMO = Path(__file__).parent / "demo.toml"


def demo_text() -> str:
    """The demo's configuration file as it comes with the program."""
    return DEMO.read_text(encoding="utf-8")


def make(data_dir: Path, over: dict[str, Any] | None = None) -> Settings:
    """Demo settings with `over` laid over them. Raises ConfigError.

    Tables are merged key by key; lists, [[…]] among them, are replaced as a whole.
    """
    data = _laid_over(tomllib.loads(demo_text()), over or {})
    data.setdefault("server", {})["data_dir"] = str(data_dir)
    return Settings.from_dict(data, data_dir)


def _laid_over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    out = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _laid_over(out[key], value) if both else value
    return out
