"""What must be installed: Python and its libraries, the compiled parts, sounds, programs."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from mediaserver.config import Settings
from mediaserver.doctor.findings import Finding, fail, ok, warn

APT = "apt-get install "
LIBRARIES = (
    "alembic",
    "argon2",
    "cffi",
    "click",
    "flask",
    "gunicorn",
    "numpy",
    "pydantic",
    "rich",
    "scipy",
    "sqlalchemy",
    "structlog",
)
#: Module, what it is, how to have it built.
COMPILED = (
    ("dsp_ext.engine", "the media engine", "make build"),
    (
        "drivers.signalling.pri._pri",
        "EuroISDN (libpri)",
        f"{APT}libpri-dev && make build",
    ),
)
#: A prompt that every directory of spoken prompts must have between them.
PROBE_PROMPTS = ("vm-goodbye.wav", "digits/1.wav")


def python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> Iterator[Finding]:
    """The interpreter and the libraries that the program imports."""
    shown = ".".join(map(str, version))
    if version >= (3, 11):
        yield ok("python", f"Python {shown}")
    else:
        yield fail("python", f"Python {shown} is too old", f"3.11 or newer: {APT}python3-venv")
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        yield fail(
            "libraries",
            f"missing: {', '.join(missing)}",
            "pip install -e . in the virtual environment",
        )
    else:
        yield ok("libraries", f"all {len(LIBRARIES)} there (numpy {metadata.version('numpy')})")


def compiled(modules: tuple[tuple[str, str, str], ...] = COMPILED) -> Iterator[Finding]:
    """The extensions, each loaded once."""
    for module, what, todo in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            yield fail("compiled", f"{what}: {error}", todo)
        else:
            yield ok("compiled", what)


def packages(
    library_dirs: tuple[Path, ...] = (Path("/usr/lib"), Path("/usr/local/lib")),
) -> Iterator[Finding]:
    """The C libraries from Debian, for building and running."""
    for package, files, need in (
        ("libpri-dev", "libpri.a", "to build EuroISDN"),
        ("libspandsp-dev", "libspandsp.so", "for fax"),
    ):
        found = [p for top in library_dirs for p in (*top.glob(files), *top.glob(f"*/{files}"))]
        if found:
            yield ok("packages", f"{package}: {found[0]}")
        else:
            yield warn("packages", f"{package} is not installed, {need}", APT + package)


def prompts(settings: Settings) -> Iterator[Finding]:
    """The spoken prompts and the music the configuration names."""
    directories = settings.prompts.directories
    for probe in PROBE_PROMPTS:
        if not any((directory / probe).is_file() for directory in directories):
            yield fail(
                "prompts",
                f"{probe} is in none of {', '.join(map(str, directories))}",
                f"{APT}asterisk-core-sounds-en-wav, or set [prompts] directories",
            )
            break
    else:
        count = sum(1 for d in directories if d.is_dir() for _ in d.rglob("*.wav"))
        yield ok("prompts", f"{count} in {', '.join(map(str, directories))}")
    music = settings.prompts.music
    tunes = list(music.glob("*.wav")) if music.is_dir() else [music] if music.is_file() else []
    if tunes:
        yield ok("music", f"{len(tunes)} pieces in {music}")
    else:
        yield fail(
            "music",
            f"no WAV file in {music}",
            f"{APT}asterisk-moh-opsound-wav, or set [prompts] music",
        )


def programs() -> Iterator[Finding]:
    """Programs that are run, and those only tests run."""
    if shutil.which("espeak-ng"):
        yield ok("espeak-ng", "speaks texts that are no prompt file")
    else:
        yield fail("espeak-ng", "not installed: text cannot be spoken", APT + "espeak-ng")
    if shutil.which("chromium"):
        yield ok("chromium", "there (for the browser tests only)")
    else:
        yield warn("chromium", "not installed: browser tests are skipped", APT + "chromium")
