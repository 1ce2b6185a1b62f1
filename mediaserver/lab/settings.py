"""The settings a scenario or the demo runs with: the demo's, and what is laid over them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from mediaserver.config.load import from_dict
from mediaserver.config.settings import Settings
from mediaserver.lab.ports import Ports

DEMO = Path(__file__).parent / "demo.toml"


def demo_text() -> str:
    """The demo's configuration file as it comes with the program."""
    return DEMO.read_text(encoding="utf-8")


def make(
    data_dir: Path, over: dict[str, Any] | None = None, ports: Ports | None = None
) -> Settings:
    """Demo settings with `over` laid over them. Raises ConfigError.

    Tables are merged key by key; lists, [[…]] among them, are replaced as a whole.
    A span over IP of which both ends are ours (`far`) needs no addresses: it takes free ports.
    """
    data = _laid_over(tomllib.loads(demo_text()), over or {})
    with ports or Ports() as ports:
        data = ports.placed(data)
        data["board"] = [_with_addresses(board, ports) for board in data.get("board", [])]
        data.setdefault("server", {})["data_dir"] = str(data_dir)
        return from_dict(data, data_dir)


def alone(data_dir: Path, data: dict[str, Any]) -> dict[str, Any]:
    """Settings, as data, of a further server: nothing of the demo's. Raises ConfigError."""
    data = _laid_over(data, {"server": {"data_dir": str(data_dir)}, "cti": {"port": 0}})
    from_dict(data, data_dir)
    return data


def _with_addresses(board: dict[str, Any], ports: Ports) -> dict[str, Any]:
    """Its spans over IP with both ends here are given the addresses they lack."""
    spans = [
        {"local": span.get("local") or ports.free(), "remote": span.get("remote") or ports.free()}
        | span
        if board.get("type") == "cesopsn" and span.get("far")
        else span
        for span in board.get("span", [])
    ]
    return {**board, "span": spans}


def _laid_over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    out = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = _laid_over(out[key], value) if both else value
    return out
