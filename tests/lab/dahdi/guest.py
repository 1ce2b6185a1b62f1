"""One boot of the lab's guest: the machine's own files, DAHDI's real modules, no card.

The guest runs a script under the emulator and switches itself off.  It sees every file of this
machine at the same path, read-only beneath a layer in memory, and writes what it has to say into
one shared directory.

The guest's time is counted in instructions, not by the machine's clock: an instruction takes one
nanosecond, and where the guest waits, time goes on to what it waits for.  So a busy host makes the
guest no later than an idle one: what is missed or late there is the guest's own doing.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.dahdi.prepare import Lab, LabUnavailable

MEMORY_MB = 1536
#: The guest's processor has as many cycles a second as it runs instructions.  Told, not measured:
#: some boots hang while they measure it.
TSC_KHZ = 1_000_000
#: The project, which the guest sees even where it lies below a directory that is the guest's own.
TREE = Path(__file__).resolve().parents[3]
#: A stuck guest is ended after this; a busy machine under emulation takes long.
LIMIT_S = 1800


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status`: the script's exit code, None when the guest did not come to its end."""

    status: int | None
    output: str
    console: str


def run(
    lab: Lab,
    share: Path,
    script: str,
    *,
    limit_s: float = LIMIT_S,
    started: Callable[[subprocess.Popen[bytes]], None] | None = None,
) -> Outcome:
    """Boot, run `script` with bash in the guest, switch off.

    share : a directory of this machine that the guest may write to, at the same path
    started : is given the emulator, which it may end
    Raises LabUnavailable when the emulator cannot be started.
    """
    share.mkdir(parents=True, exist_ok=True)
    (share / "run.sh").write_text(script, encoding="utf-8")
    for name in ("status", "output"):
        (share / name).unlink(missing_ok=True)
    try:
        process = subprocess.Popen(
            _command(lab, share),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise LabUnavailable(f"the emulator cannot be started: {error}") from error
    if started is not None:
        started(process)
    try:
        console, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        console = process.communicate()[0] + b"\nlab: the guest did not end in time\n"
    status, output = share / "status", share / "output"
    return Outcome(
        int(status.read_text()) if status.exists() else None,
        output.read_text(errors="replace") if output.exists() else "",
        console.decode(errors="replace"),
    )


def _command(lab: Lab, share: Path) -> list[str]:
    arguments = (
        "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check "
        f"tsc_early_khz={TSC_KHZ} random.trust_cpu=on lab.share={share} lab.tree={TREE}"
    )
    plain = "security_model=none"
    return [
        *("nice", "-n", "10"),
        "qemu-system-x86_64",
        *("-M", "microvm,rtc=on,pit=on,pic=on,isa-serial=on"),
        *("-accel", "tcg,thread=single,tb-size=512"),
        *("-icount", "shift=0,sleep=off", "-rtc", "clock=vm"),
        *("-cpu", "max", "-smp", "1", "-m", str(MEMORY_MB)),
        *("-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio", "-monitor", "none"),
        *("-kernel", str(lab.kernel), "-initrd", str(lab.initramfs), "-append", arguments),
        *("-fsdev", f"local,id=h,path=/,{plain},readonly=on,multidevs=remap"),
        *("-device", "virtio-9p-device,fsdev=h,mount_tag=hostroot"),
        *("-fsdev", f"local,id=s,path={share},{plain}"),
        *("-device", "virtio-9p-device,fsdev=s,mount_tag=share"),
    ]
