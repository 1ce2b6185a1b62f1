"""libpri from its source package, built with AddressSanitizer, behind our own door to it.

What: fetches the source package with apt, compiles it and `shim.c` into a
module that stands in for `drivers.signalling.pri._pri` in a process of its own.
Everything lies in build/asan and is used again.
Limits: needs apt with a reachable archive, dpkg-source and a compiler with ASan;
`Unavailable` says which is missing.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[3]
PLACE = ROOT / "build" / "asan"
_FLAGS = ("-g", "-O1", "-fPIC", "-fno-strict-aliasing", "-fsanitize=address", "-w")


class Unavailable(Exception):
    """It cannot be built here; the text says why."""


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, check=True, timeout=300
        )
    except FileNotFoundError:
        raise Unavailable(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took too long") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout).strip().splitlines()[-1:] or ["failed"]
        raise Unavailable(f"{command[0]}: {last[0]}") from None
    return done.stdout


def preload() -> str:
    """What LD_PRELOAD must name, as Python itself is not built with ASan."""
    found = _run("gcc", "-print-file-name=libasan.so").strip()
    if not Path(found).is_absolute():
        raise Unavailable("gcc has no libasan")
    return found


def module() -> Path:
    """The module's file, built if it is not there or older than the shim's parts."""
    target = PLACE / "_pri.so"
    signalling = ROOT / "drivers" / "signalling" / "pri"
    parts = [signalling / name for name in ("shim.c", "events.h", "build.py")]
    if missing := [part.name for part in parts if not part.exists()]:
        raise Unavailable(f"no source of {', '.join(missing)} here: a build without its tree")
    newest = max(part.stat().st_mtime for part in parts)
    if target.exists() and target.stat().st_mtime > newest:
        return target
    source = _source()
    made = PLACE / "_pri.c"
    from drivers.signalling.pri.build import ffibuilder

    ffibuilder.emit_c_code(str(made))
    sources = sorted(str(path) for path in source.glob("*.c") if path.name not in _PROGRAMS)
    includes = ("-I", source, "-I", signalling, "-I", sysconfig.get_paths()["include"])
    link = ("-shared", "-Wl,--wrap=gettimeofday", "-o", target)
    _run("gcc", *_FLAGS, *includes, made, *sources, *link)
    return target


#: Files of the source package that are programs of their own.
_PROGRAMS = ("pridump.c", "pritest.c", "rosetest.c", "testprilib.c")


def _source() -> Path:
    """The unpacked source of libpri, with the package's version file."""
    source = PLACE / "libpri"
    if (source / "version.c").exists():
        return source
    shutil.rmtree(PLACE, ignore_errors=True)
    (PLACE / "lists" / "partial").mkdir(parents=True)
    (PLACE / "sources.list").write_text(_source_lines())
    apt = (
        "apt-get",
        "-q",
        "-o",
        f"Dir::Etc::SourceList={PLACE / 'sources.list'}",
        "-o",
        "Dir::Etc::SourceParts=-",
        "-o",
        f"Dir::State::Lists={PLACE / 'lists'}",
    )
    _run(*apt, "update", cwd=PLACE)
    _run(*apt, "source", "--download-only", "libpri", cwd=PLACE)
    description = next(PLACE.glob("libpri_*.dsc"), None)
    if description is None:
        raise Unavailable("apt gave no source package of libpri")
    _run("dpkg-source", "-x", description, source, cwd=PLACE)
    (source / "version.c").write_text(
        'const char *pri_get_version(void) { return "with AddressSanitizer"; }\n'
    )
    return source


def _source_lines() -> str:
    """Where apt takes libpri's packages from, as lines for its source."""
    wanted = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    places = _run("apt-get", "indextargets", "--format", wanted, "Created-By: Packages")
    lines = [line for line in sorted(set(places.splitlines())) if "debian" in line]
    if not lines:
        raise Unavailable("apt knows no archive")
    return "".join(f"deb-src {line}\n" for line in lines)
