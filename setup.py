"""Build of the compiled parts: every ``dsp_ext/*.pyx`` and every cffi binding.

Everything declarative lives in ``pyproject.toml``.  This file holds what has to be computed: the
list of extensions and the one place where the compiler directives are set.

``MEDIASERVER_CHECKS=1`` builds the same sources with bounds checks, negative-index handling and
Python's division rules.  Its C files go to a directory of their own, so that both builds can stand
side by side (``make test-checks`` runs the tests of the data plane in that build).

``MEDIASERVER_PLAIN=1`` compiles the kernels as other processors and compilers get them: once, in
plain C, without the clones for newer instruction sets (``.ci/plain.sh`` compares the two builds).

``MEDIASERVER_EXTENSIONS=0`` leaves the compiled parts out: an editable install that only puts the
command down, while ``build_ext --inplace`` builds into the tree.
"""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup

ROOT = Path(__file__).resolve().parent
WITH_EXTENSIONS = os.environ.get("MEDIASERVER_EXTENSIONS", "1") != "0"
CHECKS = os.environ.get("MEDIASERVER_CHECKS", "") not in ("", "0")
PLAIN = os.environ.get("MEDIASERVER_PLAIN", "") not in ("", "0")

DIRECTIVES = {
    "language_level": "3",
    "boundscheck": CHECKS,
    "wraparound": CHECKS,
    "initializedcheck": CHECKS,
    "cdivision": not CHECKS,
    "embedsignature": True,
}

# -O3 is a must (the bank loops do not vectorise at -O2).  No -ffast-math: golden data must hold.
# No -march=native: one wheel serves every processor; SIMD variants are chosen at run time.
# No debug information: it would take a third of the build's time.
# No fused multiply and add: every processor gives the same bits.
COMPILE_ARGS = [
    "-O3",
    "-g0",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=off",
    "-pthread",
]

MACROS: list[tuple[str, str | None]] = [("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")]
if PLAIN:
    MACROS.append(("MEDIASERVER_PLAIN", None))

# What Cython puts into every module that takes arrays is compiled once, into a module of its own:
# the build is then several times faster.
SHARED_UTILITY = "dsp_ext._cyutility"


def cython_extensions() -> list[Extension]:
    """One extension per ``dsp_ext/*.pyx``, each rebuilt when a shared header changes."""
    headers = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "dsp_ext").glob("*.h"))
    return [
        Extension(
            f"dsp_ext.{path.stem}",
            [str(path.relative_to(ROOT)), *wide_sources(path.stem)],
            include_dirs=[".", "dsp_ext", numpy.get_include()],
            define_macros=MACROS,
            extra_compile_args=COMPILE_ARGS,
            extra_link_args=["-pthread"],
            libraries=["m"],
            depends=headers,
        )
        for path in sorted((ROOT / "dsp_ext").glob("*.pyx"))
    ]


def wide_sources(kernel: str) -> list[str]:
    """C files of a kernel that are compiled for one instruction set as a whole."""
    path = ROOT / "dsp_ext" / "wide" / f"{kernel}.c"
    return [str(path.relative_to(ROOT))] if path.exists() else []


def shared_utility() -> Extension:
    """The module that holds what all extensions share; its C file is written by Cython."""
    source = f"{SHARED_UTILITY.replace('.', '/')}.c"
    return Extension(SHARED_UTILITY, [source], extra_compile_args=["-O2", "-g0"])


def cffi_modules() -> list[str]:
    """Every binding script that exists, as ``path:ffibuilder``."""
    patterns = ("bench/*/*_build.py", "drivers/*/*/build.py", "fax/*_build.py")
    scripts = sorted(path for pattern in patterns for path in ROOT.glob(pattern))
    return [f"{path.relative_to(ROOT)}:ffibuilder" for path in scripts]


def build_alone() -> None:
    """Wait until no other build of this tree runs; the lock is let go when the process ends."""
    (ROOT / "build").mkdir(exist_ok=True)
    fcntl.flock(os.open(ROOT / "build" / ".lock", os.O_CREAT | os.O_RDWR), fcntl.LOCK_EX)


def main() -> None:
    """Hand the computed parts to setuptools."""
    os.chdir(ROOT)
    # Binding scripts may share declarations with modules of the tree.
    sys.path.insert(0, str(ROOT))
    if not WITH_EXTENSIONS:
        setup()
        return
    build_alone()
    setup(
        ext_modules=cythonize(
            [*cython_extensions(), shared_utility()],
            shared_utility_qualified_name=SHARED_UTILITY,
            compiler_directives=DIRECTIVES,
            build_dir="build/cython-checks" if CHECKS else "build/cython",
            nthreads=min(2, os.cpu_count() or 1),
            quiet=True,
        ),
        cffi_modules=cffi_modules(),
    )


main()
