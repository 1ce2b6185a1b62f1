"""The settings a scenario or the demo runs with: the demo's, and what is laid over them."""

from __future__ import annotations

import socket
import tomllib
from collections.abc import Callable
from contextlib import ExitStack
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
    A span over IP of which both ends are ours (`far`) needs no addresses: it takes free ports.
    """
    data = _laid_over(tomllib.loads(demo_text()), over or {})
    data["board"] = _with_ports(data.get("board", []))
    data.setdefault("server", {})["data_dir"] = str(data_dir)
    return Settings.from_dict(data, data_dir)


def _laid_over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    out = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _laid_over(out[key], value) if both else value
    return out


def _with_ports(boards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`boards`, their spans over IP with both ends here given the addresses they lack.

    All ports are held until each has been found, so that no two spans are given the same.
    """
    with ExitStack() as held:

        def free() -> str:
            found = held.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            found.bind(("127.0.0.1", 0))
            return f"127.0.0.1:{found.getsockname()[1]}"

        return [
            {**board, "span": [_with_addresses(span, free) for span in board.get("span", [])]}
            if board.get("type") == "cesopsn"
            else board
            for board in boards
        ]


def _with_addresses(span: dict[str, Any], free: Callable[[], str]) -> dict[str, Any]:
    if not span.get("far"):
        return span
    return {"local": span.get("local") or free(), "remote": span.get("remote") or free()} | span
