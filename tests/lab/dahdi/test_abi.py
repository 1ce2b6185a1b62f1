"""Our notes of DAHDI's interface against the real header: every size, offset and number.

Both headers are compiled by the same compiler, as the numbers of requests and the layout of
structures differ by processor: 64 bits, 32 bits, and 32 bits with the highest octet first.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from drivers.boards.dahdi._dahdi import ffi, lib
from tests.lab.dahdi.prepare import ROOT, Lab

#: Processor → its compiler, and what runs its programs here.
PROCESSORS = {
    "x86-64": (("gcc",), ()),
    "i386": (("i686-linux-gnu-gcc", "-static"), ("qemu-i386-static",)),
    "powerpc": (("powerpc-linux-gnu-gcc", "-static"), ("qemu-ppc-static",)),
}
OURS = '#include "drivers/boards/dahdi/abi.h"\n#define ELAST DAHDI_ELAST'
THEIRS = "#include <sys/ioctl.h>\n#include <dahdi/user.h>"
STRUCTURES = [name for name in ffi.list_types()[1] if name.startswith("dahdi_")]
NUMBERS = [name for name in dir(lib) if name.startswith("DAHDI_") and name != "DAHDI_ELAST"]


def _program(header: str) -> str:
    """A C program that prints a header's facts by name."""
    facts = {name: name for name in (*NUMBERS, "ELAST")}
    for name in STRUCTURES:
        facts[f"sizeof {name}"] = f"sizeof(struct {name})"
        for field, _ in ffi.typeof(f"struct {name}").fields:
            facts[f"{name}.{field}"] = f"offsetof(struct {name}, {field})"
    return "\n".join(
        [
            "#include <stddef.h>",
            "#include <stdio.h>",
            header,
            "static void say(const char *name, unsigned long value)",
            '{ printf("%s=%lu\\n", name, value & 0xffffffffUL); }',
            "int main(void)",
            "{",
            *(f'    say("{name}", {value});' for name, value in facts.items()),
            "    return 0;",
            "}",
        ]
    )


def _facts(header: str, lab: Lab, directory: Path, processor: str) -> dict[str, int]:
    compiler, runner = PROCESSORS[processor]
    if missing := [each for each in (compiler[0], *runner) if shutil.which(each) is None]:
        pytest.skip(f"not installed: {' '.join(missing)}  (see .ci/bootstrap.sh)")
    source, program = directory / "facts.c", directory / "facts"
    source.write_text(_program(header))
    built = subprocess.run(
        [*compiler, "-I", lab.headers, "-I", ROOT, "-o", program, source],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    said = subprocess.run([*runner, program], capture_output=True, text=True, check=True).stdout
    return {name: int(value) for name, _, value in (x.partition("=") for x in said.splitlines())}


def _bound() -> dict[str, int]:
    """What Python's binding has, built for this machine."""
    facts = {name: int(getattr(lib, name)) & 0xFFFFFFFF for name in NUMBERS}
    facts["ELAST"] = int(lib.DAHDI_ELAST)
    for name in STRUCTURES:
        struct = f"struct {name}"
        facts[f"sizeof {name}"] = ffi.sizeof(struct)
        for field, about in ffi.typeof(struct).fields:
            facts[f"{name}.{field}"] = about.offset
    return facts


@pytest.mark.parametrize("processor", PROCESSORS)
def test_every_size_offset_and_number_is_the_headers(
    lab: Lab, tmp_path: Path, processor: str
) -> None:
    theirs = _facts(THEIRS, lab, tmp_path, processor)
    assert len(theirs) > 150
    assert _facts(OURS, lab, tmp_path, processor) == theirs


def test_the_binding_has_them_too(lab: Lab, tmp_path: Path) -> None:
    assert _bound() == _facts(THEIRS, lab, tmp_path, "x86-64")


def test_the_processors_differ(lab: Lab, tmp_path: Path) -> None:
    """A request's number holds the size of its structure, and powerpc has bits of its own."""
    found = [_facts(THEIRS, lab, tmp_path, each)["DAHDI_GETEVENT"] for each in PROCESSORS]
    assert found[0] == found[1] != found[2]
