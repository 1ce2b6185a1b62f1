"""Our notes of DAHDI's interface against the real header: every size, offset and number."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from drivers.boards.dahdi._dahdi import ffi, lib
from tests.lab.dahdi.prepare import Lab

STRUCTURES = [name for name in ffi.list_types()[1] if name.startswith("dahdi_")]
NUMBERS = [name for name in dir(lib) if name.startswith("DAHDI_") and name != "DAHDI_ELAST"]


def _ours() -> dict[str, int]:
    facts = {name: int(getattr(lib, name)) & 0xFFFFFFFF for name in NUMBERS}
    facts["ELAST"] = int(lib.DAHDI_ELAST)
    for name in STRUCTURES:
        struct = f"struct {name}"
        facts[f"sizeof {name}"] = ffi.sizeof(struct)
        for field, about in ffi.typeof(struct).fields:
            facts[f"{name}.{field}"] = about.offset
    return facts


def _program() -> str:
    """A C program that prints the header's own facts under the names of ours."""
    lines = [f'    say("{name}", {name});' for name in (*NUMBERS, "ELAST")]
    for name in STRUCTURES:
        lines.append(f'    say("sizeof {name}", sizeof(struct {name}));')
        for field, _ in ffi.typeof(f"struct {name}").fields:
            lines.append(f'    say("{name}.{field}", offsetof(struct {name}, {field}));')
    return "\n".join(
        [
            "#include <stddef.h>",
            "#include <stdio.h>",
            "#include <sys/ioctl.h>",
            "#include <dahdi/user.h>",
            "static void say(const char *name, unsigned long value)",
            '{ printf("%s=%lu\\n", name, value & 0xffffffffUL); }',
            "int main(void)",
            "{",
            *lines,
            "    return 0;",
            "}",
        ]
    )


@pytest.mark.parametrize("words", ["-m64", "-m32"])
def test_every_size_offset_and_number_is_the_headers(lab: Lab, tmp_path: Path, words: str) -> None:
    """With -m32 only the header is compiled: no field of ours depends on the word's length."""
    source, program = tmp_path / "facts.c", tmp_path / "facts"
    source.write_text(_program())
    built = subprocess.run(
        ["gcc", words, "-I", lab.headers, "-o", program, source], capture_output=True, text=True
    )
    if words == "-m32" and built.returncode:
        pytest.skip("no 32-bit C library (gcc-multilib)")
    assert built.returncode == 0, built.stderr
    said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    theirs = {name: int(value) for name, _, value in (x.partition("=") for x in said.splitlines())}
    assert len(theirs) > 150
    assert _ours() == theirs
