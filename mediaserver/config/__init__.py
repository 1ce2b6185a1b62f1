"""Configuration: a TOML file to typed settings; see `settings` for every key and its default."""

from mediaserver.config.load import from_dict, load, parse
from mediaserver.config.problems import ConfigError, Problem
from mediaserver.config.settings import (
    Agent,
    Board,
    Cti,
    Database,
    Flows,
    Media,
    Prompts,
    Queue,
    Recording,
    Route,
    Server,
    Settings,
    Span,
    TrunkGroup,
    Web,
)

__all__ = [
    "Agent",
    "Board",
    "ConfigError",
    "Cti",
    "Database",
    "Flows",
    "Media",
    "Problem",
    "Prompts",
    "Queue",
    "Recording",
    "Route",
    "Server",
    "Settings",
    "Span",
    "TrunkGroup",
    "Web",
    "from_dict",
    "load",
    "parse",
]
