"""The source tree as the house tests see it: its files, and which floor each module stands on.

Imports run down only.  Inside ``mediaserver`` each room has a floor; a room may import rooms of its
own floor or below, and the rooms of one floor may not need each other in a circle.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = ("bench", "drivers", "dsp_ext", "fax", "mediaserver", "web")
SOURCE_SUFFIXES = (".py", ".pyx", ".pxd")

# Which of our packages each package may import, besides itself.
PACKAGE_ARROWS: dict[str, frozenset[str]] = {
    "dsp_ext": frozenset(),
    "drivers": frozenset({"dsp_ext"}),
    "fax": frozenset({"dsp_ext"}),
    "mediaserver": frozenset({"drivers", "fax", "dsp_ext"}),
    "web": frozenset({"mediaserver"}),
    # Measures all of them. The command line finds its commands by name, as those of a plug-in.
    "bench": frozenset({"mediaserver", "drivers", "fax", "dsp_ext"}),
}

# Where in `mediaserver` the console may enter: it is a client like any other.  Recordings are files
# that the daemon closed or still writes; the console reads them by the store's own rules.
WEB_MAY_IMPORT = ("cti", "db", "config", "recording.store")

# Rooms of `mediaserver`, from the ground up.
FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"audio", "db", "events", "config", "clock", "table", "alarms"}),
    frozenset({"media", "bus"}),
    frozenset({"call", "recording", "cdr"}),
    frozenset({"acd", "ivr", "faxing", "linedoctor"}),
    frozenset({"cti"}),
    frozenset({"app"}),
    frozenset({"lab"}),
    frozenset({"demo", "doctor"}),
    frozenset({"commands"}),
    frozenset({"cli", "__main__"}),
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def sources(*packages: str, suffixes: tuple[str, ...] = SOURCE_SUFFIXES) -> list[Path]:
    """Every source file of the named packages (all of them when none is named), sorted."""
    return sorted(
        path
        for package in packages or PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in suffixes and "__pycache__" not in path.parts
    )


def name_of(path: Path) -> str:
    """The path as people write it, from the top of the tree."""
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    """The dotted module name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
