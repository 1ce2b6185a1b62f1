"""Builds what the DAHDI lab boots: a Debian kernel, a small first file system, DAHDI's modules.

    python -m tests.lab.dahdi.prepare

Everything comes from Debian packages.  `qemu-system-x86 busybox-static cpio linux-headers-amd64`
and a compiler must be installed; the kernel's image, DAHDI's sources and its tools are downloaded
and unpacked beside the build, never installed.  What is there already is kept.
"""

from __future__ import annotations

import lzma
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
CACHE = ROOT / "build" / "dahdi-lab"

#: In the order in which they are loaded before anything can be read from the machine.
BOOT_MODULES = [
    "virtio_ring",
    "virtio",
    "virtio_mmio",
    "netfs",
    "fscache",
    "9pnet",
    "9pnet_virtio",
    "9p",
    "overlay",
]
#: A driver of the lab's own, for what DAHDI's dynamic spans have not: see card/README.md.
CARD = HERE / "card"
DAHDI_MODULES = ["dahdi", "dahdi_dynamic", "dahdi_dynamic_loc", "dahdi_dummy", "dahdi_echocan_mg2"]
#: Programs the guest runs that are no part of the project: DAHDI's own set-up tool.
TOOL_PACKAGES = ("dahdi", "libtonezone2.0")
#: The stranger at the far end of R2 circuits.
R2_PACKAGES = ("libopenr2-bin", "libopenr2-3")
NEEDED = {
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "cpio": "cpio",
    "make": "make",
    "gcc": "gcc",
    "dpkg-deb": "dpkg",
    "apt-get": "apt",
}


_BUILDING = threading.Lock()


class LabUnavailable(Exception):
    """The lab cannot be built here; says what is missing and how to get it."""


@dataclass(frozen=True, slots=True)
class Lab:
    """What a guest is booted from: paths below `CACHE`."""

    kernel: Path
    initramfs: Path
    modules: Path  # directory of DAHDI_MODULES and labcard
    tools: Path  # root of the unpacked tools
    openr2: Path  # root of libopenr2 and its program
    headers: Path  # DAHDI's own include directory


def prepare() -> Lab:
    """Build what is missing.  LabUnavailable where a package cannot be had or does not build.

    One thread at a time builds; the others find what is there then."""
    with _BUILDING:
        return _prepared()


def _prepared() -> Lab:
    missing = [package for program, package in NEEDED.items() if not shutil.which(program)]
    if missing:
        raise LabUnavailable(f"not installed: {' '.join(missing)}  (apt-get install them)")
    version = _version()
    cache = CACHE / version
    cache.mkdir(parents=True, exist_ok=True)
    image = _unpacked(cache, f"linux-image-{version}")
    sources = _unpacked(cache, "dahdi-dkms")
    tools = _unpacked(cache, *TOOL_PACKAGES)
    dahdi = next((sources / "usr/src").glob("dahdi-*"))
    lab = Lab(
        kernel=cache / "vmlinux",
        initramfs=cache / "initramfs.gz",
        modules=cache / "modules",
        tools=tools,
        openr2=_unpacked(cache, *R2_PACKAGES),
        headers=dahdi / "include",
    )
    if not lab.kernel.exists():
        _kernel(image / "boot" / f"vmlinuz-{version}", lab.kernel)
    if not lab.modules.exists():
        _modules(version, dahdi, lab.modules)
    _card(version, dahdi, lab.modules)
    _initramfs(image / "lib/modules" / version, cache / "first", lab.initramfs)
    return lab


def _version() -> str:
    """The newest kernel whose headers are installed.  The cloud kernel has no 9p."""
    found = [
        match[1]
        for path in Path("/usr/src").glob("linux-headers-*-amd64")
        if (match := re.fullmatch(r"linux-headers-([\d.]+-\d+-amd64)", path.name))
    ]
    if not found:
        raise LabUnavailable("not installed: linux-headers-amd64  (apt-get install it)")
    return max(found, key=lambda name: [int(part) for part in re.findall(r"\d+", name)])


def _run(command: Sequence[str | Path], cwd: Path, what: str) -> None:
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LabUnavailable(f"{what}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _unpacked(cache: Path, *packages: str) -> Path:
    """The packages' files, in a directory named after the first."""
    target = cache / packages[0].split("-6")[0]
    if target.exists():
        return target
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    debs = partial / "debs"
    debs.mkdir(parents=True)
    _run(["apt-get", "download", *packages], debs, f"{' '.join(packages)} cannot be downloaded")
    for deb in debs.glob("*.deb"):
        _run(["dpkg-deb", "-x", deb, partial], cache, f"{deb.name} cannot be unpacked")
    shutil.rmtree(debs)
    partial.rename(target)
    return target


def _kernel(compressed: Path, target: Path) -> None:
    """The ELF image inside a bzImage: a microvm starts faster from it."""
    data = compressed.read_bytes()
    for match in re.finditer(b"\xfd7zXZ\x00", data):
        try:
            image = lzma.LZMADecompressor().decompress(data[match.start() :])
        except lzma.LZMAError:
            continue
        if image.startswith(b"\x7fELF"):
            target.write_bytes(image)
            return
    raise LabUnavailable(f"{compressed.name} holds no kernel compressed with xz")


def _make(version: str, source: Path, dahdi: Path, *words: str) -> list[str]:
    """What builds modules in `source` for that kernel, with DAHDI's headers."""
    headers = f"/usr/src/linux-headers-{version}"
    return [*("make", "-C", headers, f"M={source}", f"DAHDI_INCLUDE={dahdi / 'include'}"), *words]


def _modules(version: str, dahdi: Path, target: Path) -> None:
    """DAHDI's modules, unpatched, and only those the lab loads."""
    source = dahdi / "drivers" / "dahdi"
    _run(
        _make(
            version,
            source,
            dahdi,
            "HOTPLUG_FIRMWARE=yes",
            "DAHDI_BUILD_ALL=m",
            "DAHDI_MODULES_EXTRA=dahdi_dummy.o",
            "KBUILD_MODPOST_WARN=1",
            *(f"{name}.ko" for name in DAHDI_MODULES),
        ),
        source,
        "DAHDI's modules do not build",
    )
    partial = target.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name in DAHDI_MODULES:
        shutil.copy(source / f"{name}.ko", partial)
    partial.rename(target)


def _card(version: str, dahdi: Path, modules: Path) -> None:
    """The lab's own cards, from card/, beside DAHDI's modules."""
    target, build = modules / "labcard.ko", modules.parent / "card"
    newest = max(path.stat().st_mtime for path in CARD.iterdir())
    if target.exists() and target.stat().st_mtime > newest:
        return
    shutil.rmtree(build, ignore_errors=True)
    shutil.copytree(CARD, build)
    symbols = dahdi / "drivers" / "dahdi" / "Module.symvers"
    make = _make(version, build, dahdi, f"KBUILD_EXTRA_SYMBOLS={symbols}")
    _run(make, build, "the lab's card does not build")
    shutil.copy(build / "labcard.ko", target)


def _initramfs(modules: Path, tree: Path, target: Path) -> None:
    """busybox, the modules that reach the machine's files, and init.sh."""
    script = HERE / "init.sh"
    if target.exists() and target.stat().st_mtime > script.stat().st_mtime:
        return
    shutil.rmtree(tree, ignore_errors=True)
    for name in ("bin", "modules"):
        (tree / name).mkdir(parents=True)
    busybox = shutil.which("busybox")
    assert busybox is not None
    shutil.copy(busybox, tree / "bin" / "busybox")
    for applet in ["sh", "mount", "mkdir", "cat", "insmod", "chroot", "sync", "poweroff", "ip"]:
        (tree / "bin" / applet).symlink_to("busybox")
    shutil.copy(script, tree / "init")
    (tree / "init").chmod(0o755)
    there = {path.name.removesuffix(".ko"): path for path in modules.rglob("*.ko")}
    order = [name for name in BOOT_MODULES if name in there]  # others are built in
    for name in order:
        shutil.copy(there[name], tree / "modules")
    (tree / "modules" / "order").write_text("".join(f"{name}\n" for name in order))
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    partial = target.with_suffix(".partial")
    with partial.open("wb") as out:
        archive = subprocess.run(
            ["cpio", "--quiet", "-o", "-H", "newc"],
            cwd=tree,
            input=names.encode(),
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        subprocess.run(["gzip", "-1"], input=archive, stdout=out, check=True)
    partial.rename(target)


if __name__ == "__main__":
    try:
        print(prepare())
    except LabUnavailable as problem:
        sys.exit(str(problem))
