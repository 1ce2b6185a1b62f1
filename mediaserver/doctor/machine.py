"""What the machine gives: disk, ports, clock, real-time priority, open files, processor."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from mediaserver.config import Settings
from mediaserver.doctor.findings import Finding, fail, ok, warn
from mediaserver.doctor.holders import holder_of

FILES_NEEDED = 4096
GIB = 1 << 30


def data_dir(settings: Settings) -> Iterator[Finding]:
    """The directories for data and recordings: writable, with room."""
    for name, path in (
        ("data", settings.server.data_dir),
        ("recordings", settings.recording.directory),
    ):
        there = next((p for p in (path, *path.parents) if p.exists()), Path("/"))
        try:
            with tempfile.TemporaryFile(dir=there):
                pass
        except OSError as error:
            yield fail(
                name,
                f"{there} cannot be written: {error.strerror}",
                f"install -d -o {_user()} {path}, or set another directory in the configuration",
            )
            continue
        yield _room(name, path, there, settings.recording.min_free_percent)


def _room(name: str, path: Path, there: Path, least: float) -> Finding:
    usage = shutil.disk_usage(there)
    percent = 100 * usage.free / usage.total
    hours = usage.free / (16_000 * 3600)  # a stereo recording is 16,000 octets a second
    text = f"{path}: {usage.free / GIB:.1f} GiB free ({percent:.0f} %), {hours:,.0f} hours of calls"
    todo = "make room, or set [recording] directory to another disk"
    if percent <= least:
        return fail(name, f"{text}; below {least:g} % nothing is recorded", todo)
    return warn(name, text, todo) if percent <= 2 * least else ok(name, text)


def ports(settings: Settings) -> Iterator[Finding]:
    """The addresses to be listened on: free, ours already, or somebody else's."""
    cti, web = settings.cti, settings.web
    running = cti.socket.exists()
    for name, host, port in (("cti port", cti.host, cti.port), ("web port", web.host, web.port)):
        if port == 0:
            yield ok(name, "none wanted")
            continue
        yield _port(name, host, port, running)


def _port(name: str, host: str, port: int, running: bool) -> Finding:
    """`running`: this configuration's server has made its socket, so the holder may be it."""
    where = f"{host}:{port}"
    key = f"[{name.split()[0]}]"
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return fail(name, f"{where}: {error.strerror}", f"set {key} host and port")
        else:
            if host not in ("127.0.0.1", "::1", "localhost"):
                return warn(name, f"{where} is free, and open to others", "is it meant to be?")
            return ok(name, f"{where} is free")
    holder = holder_of(port)
    if running and holder and "mediaserver" in holder:
        return ok(name, f"{where} is held by {holder}: it runs already")
    return fail(
        name,
        f"{where} is held by {holder or 'a process of another user'}",
        f"stop it, or set another {key} port",
    )


def clock(samples: int = 200) -> Iterator[Finding]:
    """The clock source, and that monotonic time only moves forward."""
    path = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    source = path.read_text().strip() if path.exists() else "unknown"
    times = [time.monotonic_ns() for _ in range(samples)]
    steps = [b - a for a, b in zip(times, times[1:], strict=False)]
    resolution = time.get_clock_info("monotonic").resolution
    if min(steps) < 0 or resolution > 1e-3:
        yield fail(
            "clock", f"{source}: monotonic time is unusable", "boot with clocksource=tsc or hpet"
        )
    elif source in ("tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page"):
        yield ok("clock", f"{source}, {resolution * 1e9:g} ns")
    else:
        yield warn(
            "clock",
            f"{source}: reading it is slow",
            "see /sys/devices/system/clocksource/clocksource0/available_clocksource for tsc",
        )


def realtime(settings: Settings) -> Iterator[Finding]:
    """Whether a thread gets the priority the configuration asks for: tried, in a thread."""
    wanted = settings.media.realtime_priority
    if wanted == 0:
        yield ok("real time", "not wanted ([media] realtime_priority = 0)")
        return
    result: list[str] = []

    def attempt() -> None:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(wanted))
            result.append("")
        except OSError as error:
            result.append(error.strerror or str(error))

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    if not result[0]:
        yield ok("real time", f"SCHED_FIFO {wanted} is granted")
        return
    limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    yield warn(
        "real time",
        f"SCHED_FIFO {wanted}: {result[0]} (RLIMIT_RTPRIO {limit}); audio may come late under load",
        f"in /etc/security/limits.d/mediaserver.conf: `{_user()} - rtprio {wanted}`, log in anew; "
        f"or in a systemd unit LimitRTPRIO={wanted}",
    )


def open_files() -> Iterator[Finding]:
    """How many files and sockets the process may hold."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    many = {resource.RLIM_INFINITY: 1 << 30}
    soft, hard = many.get(soft, soft), many.get(hard, hard)
    if soft >= FILES_NEEDED:
        yield ok("open files", f"{soft} allowed")
    else:
        yield warn(
            "open files",
            f"{soft} allowed, {FILES_NEEDED} wanted for many calls and clients",
            f"ulimit -n {FILES_NEEDED}"
            if hard >= FILES_NEEDED
            else f"/etc/security/limits.d/mediaserver.conf: `{_user()} - nofile {FILES_NEEDED}`",
        )


def processor(top: Path = Path("/sys/devices/system/cpu")) -> Iterator[Finding]:
    """Number of processors, and whether they slow down when they seem idle."""
    count = len(os.sched_getaffinity(0))
    governors = {path.read_text().strip() for path in top.glob("cpu*/cpufreq/scaling_governor")}
    text = f"{count} processors, governor {', '.join(sorted(governors)) or 'not visible'}"
    if governors & {"powersave", "ondemand", "conservative"}:
        yield warn("processor", text, "cpupower frequency-set -g performance")
    elif count < 2:
        yield warn("processor", text, "two or more keep media and control apart")
    else:
        yield ok("processor", text)


def _user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
