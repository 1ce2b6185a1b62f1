"""Reads a configuration file; every problem comes out with its file and line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mediaserver.config.check import cross_check
from mediaserver.config.lines import line_of, scan
from mediaserver.config.problems import ConfigError, Problem, from_validation
from mediaserver.config.settings import Settings


def load(path: str | Path) -> Settings:
    """The settings in the TOML file at `path`; relative paths in it start at its directory.

    Raises ConfigError, with all problems found, also when the file cannot be read.
    """
    path = Path(path)
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise ConfigError([Problem((), error.strerror or str(error), file=str(path))]) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem((), "is not UTF-8 text", file=str(path), line=line)
        raise ConfigError([problem]) from error
    return parse(text, str(path), path.absolute().parent)


def parse(text: str, file: str = "", base: Path | None = None) -> Settings:
    """As `load`, from text; `file` is only the name shown in errors."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" ?\(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = int(place[1]) if place and place[1] else text.count("\n") + 1
        words = str(error)[: place.start()] if place else str(error)
        problem = Problem((), f"not TOML: {words}", file=file, line=line)
        raise ConfigError([problem]) from error
    try:
        return from_dict(data, base)
    except ConfigError as error:
        lines = scan(text)
        placed = [replace(p, file=file, line=line_of(lines, p.where)) for p in error.problems]
        raise ConfigError(sorted(placed, key=lambda p: p.line)) from None


def from_dict(data: dict[str, Any], base: Path | None = None) -> Settings:
    """Settings from parsed TOML; relative paths start at `base` (the working directory).

    Raises ConfigError with every problem found, not only the first.
    """
    try:
        settings = Settings.model_validate(data, context={"base": base})
    except ValidationError as error:
        raise ConfigError(from_validation(error, Settings)) from None
    if problems := cross_check(settings):
        raise ConfigError(problems)
    return settings
