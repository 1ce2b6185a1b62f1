"""DAHDI's device files from Python: one method a request, errors in words.

What: `Control` is /dev/dahdi/ctl (spans, set-up); `Device` is one opened channel.
How: every request goes through `_ask`, which turns C's error codes into one exception with code,
name and channel. Requests that DAHDI finishes later (EINPROGRESS) count as done: an event follows.
Limits: a channel can be open once; a Device's file descriptor may be handed to the media engine,
which then reads, writes and takes events.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from drivers.base import DriverError
from drivers.boards.dahdi import proc
from drivers.boards.dahdi._dahdi import ffi, lib
from drivers.cause import Cause
from dsp_ext import g711

DEVICES = Path("/dev/dahdi")
_LATER = (errno.EINPROGRESS,)

#: errno → what to do about it
ADVICE = {
    errno.ENOENT: "is DAHDI loaded? try `modprobe dahdi` and the card's module",
    errno.EACCES: "this user may not use it: the udev rule gives it to group `dialout`",
    errno.EBUSY: "another program has it open",
    errno.ENXIO: "the channel is not configured: run dahdi_cfg",
    errno.ENODEV: "the card or its span is gone",
    errno.EINVAL: "the driver refuses that here",
    errno.ENOSYS: "this card or its driver cannot do that",
    errno.ENOTTY: "this card or its driver cannot do that",
}
#: What a span can be ordered to do for maintenance, by words.
MAINTENANCE = {
    "off": lib.DAHDI_MAINT_NONE,
    "local": lib.DAHDI_MAINT_LOCALLOOP,  # what we send comes back to us, in the card
    "line": lib.DAHDI_MAINT_NETWORKLINELOOP,  # what the far end sends goes back, framing and all
    "payload": lib.DAHDI_MAINT_NETWORKPAYLOADLOOP,  # the same within our own framing
    "reset": lib.DAHDI_RESET_COUNTERS,
}


class DahdiError(DriverError):
    """A request DAHDI refused. `code` is the errno; `where` the channel or device."""

    def __init__(self, what: str, where: str, code: int) -> None:
        self.code, self.where = code, where
        advice = f" ({ADVICE[code]})" if code in ADVICE else ""
        text = "event pending" if code == lib.DAHDI_ELAST else os.strerror(code)
        super().__init__(f"{where}: {what}: {text}{advice}", Cause.TEMPORARY_FAILURE)


@dataclass(frozen=True, slots=True)
class SpanInfo:
    """What DAHDI says of a span; counters are since the module was loaded or were reset."""

    number: int
    name: str
    description: str
    alarms: int  # DAHDI_ALARM_ bits
    lineconfig: int  # DAHDI_CONFIG_ bits
    linecompat: int
    sync_source: int  # span that gives the clock, 0 for free run
    configured: int
    channels: int
    device: str
    manufacturer: str
    location: str
    kind: str  # "E1", "T1", "BRI" … as the driver names it; may be empty
    errors: dict[str, int]  # words.ERRORS
    prbs: int  # the test pattern that is received, 0 for none, as the driver numbers them


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    number: int
    span: int
    position: int  # in the span, from 1
    signalling: int  # DAHDI_SIG_
    capabilities: int
    name: str
    law: str
    off_hook: bool
    rx_bits: int
    alarms: int


#: A channel of a card that is not there.
NOWHERE = ChannelInfo(0, 0, 0, lib.DAHDI_SIG_NONE, 0, "", "", False, 0, 0)


def _text(field: Any) -> str:
    return str(ffi.string(field).decode("ascii", "replace"))


class _File:
    """A device file and its requests."""

    def __init__(self, path: Path, where: str) -> None:
        self.where = where
        try:
            self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise DahdiError(f"open {path}", where, error.errno or errno.EIO) from None

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def _ask(self, what: str, request: int, argument: Any) -> int:
        rc = int(lib.dahdi_ask(self.fd, request, argument))
        if rc < 0 and -rc not in _LATER:
            raise DahdiError(what, self.where, -rc)
        return rc

    def _set(self, what: str, request: int, value: int) -> None:
        self._ask(what, request, ffi.new("int *", value))

    def _get(self, what: str, request: int, value: int = 0) -> int:
        box = ffi.new("int *", value)
        self._ask(what, request, box)
        return int(box[0])


class Control(_File):
    """/dev/dahdi/ctl: spans, counters, set-up of channels. Raises DahdiError."""

    def __init__(self) -> None:
        super().__init__(DEVICES / "ctl", "dahdi")

    def version(self) -> str:
        box = ffi.new("struct dahdi_versioninfo *")
        self._ask("version", lib.DAHDI_GETVERSION, box)
        return _text(box.version)

    def span(self, number: int) -> SpanInfo:
        """Raises DahdiError for a span there is not."""
        box = ffi.new("struct dahdi_spaninfo *", {"spanno": number})
        self._ask(f"span {number}", lib.DAHDI_SPANSTAT, box)
        told = proc.read(number) if box.linecompat else None  # an analog card has no framer
        return SpanInfo(
            number=box.spanno,
            name=_text(box.name),
            description=_text(box.desc),
            alarms=box.alarms,
            lineconfig=box.lineconfig,
            linecompat=box.linecompat,
            sync_source=box.syncsrc,
            configured=box.numchans,
            channels=box.totalchans,
            device=_text(box.devicetype),
            manufacturer=_text(box.manufacturer),
            location=_text(box.location),
            kind=_text(box.spantype),
            errors={
                "bpv": box.bpvcount,
                "crc4": box.crc4count,
                "ebit": box.ebitcount,
                "fas": box.fascount,
                "fe": box.fecount,
                "cv": box.cvcount,
                "be": box.becount,
                "slips": told.slips if told is not None else 0,
                "irq_misses": box.irqmisses,
                "errored_seconds": box.errsec,
            },
            prbs=box.prbs,
        )

    def attach_echo(self, channel: int, name: str) -> None:
        """Give a channel one of the kernel's cancellers, as dahdi_cfg does; it begins switched off.

        Without one a channel takes any number of taps and cancels nothing. Raises DahdiError.
        """
        box = ffi.new("struct dahdi_attach_echocan *", {"chan": channel})
        box.echocan = name.encode("ascii")
        self._ask(
            f"echo canceller {name} (module dahdi_echocan_{name}) for channel {channel}",
            lib.DAHDI_ATTACH_ECHOCAN,
            box,
        )

    def maintain(self, span: int, what: str) -> None:
        """One of MAINTENANCE. Raises KeyError; DahdiError where the card cannot."""
        box = ffi.new("struct dahdi_maintinfo *", {"spanno": span, "command": MAINTENANCE[what]})
        self._ask(f"maintenance of span {span}: {what}", lib.DAHDI_MAINT, box)

    def spans(self) -> list[SpanInfo]:
        """All spans there are, in order. Numbers have gaps where spans went away."""
        found: list[SpanInfo] = []
        for number in range(1, 129):
            try:
                found.append(self.span(number))
            except DahdiError as error:
                if error.code not in (errno.EINVAL, errno.ENXIO, errno.ENODEV):
                    raise
        return found

    def channel(self, number: int) -> ChannelInfo:
        """Without opening it. Raises DahdiError for a channel there is not."""
        box = ffi.new("struct dahdi_params *", {"channo": number})
        self._ask(f"channel {number}", lib.DAHDI_GET_PARAMS, box)
        return _channel_info(box)

    def configure(
        self, channel: int, signalling: int, law: str = "alaw", idle_bits: int = 0
    ) -> None:
        """Give a channel its signalling, as dahdi_cfg does. Needs the right of an administrator."""
        laws = {"alaw": lib.DAHDI_LAW_ALAW, "ulaw": lib.DAHDI_LAW_MULAW}
        box = ffi.new(
            "struct dahdi_chanconfig *",
            {"chan": channel, "sigtype": signalling, "deflaw": laws[law], "idlebits": idle_bits},
        )
        self._ask(f"set up channel {channel}", lib.DAHDI_CHANCONFIG, box)


class Device(_File):
    """One channel, opened. Raises DahdiError, also when somebody else has it."""

    def __init__(self, number: int) -> None:
        super().__init__(DEVICES / "channel", f"channel {number}")
        self.number = number
        try:
            self._set("open", lib.DAHDI_SPECIFY, number)
        except DahdiError:
            self.close()
            raise

    def info(self) -> ChannelInfo:
        box = ffi.new("struct dahdi_params *")
        self._ask("parameters", lib.DAHDI_GET_PARAMS, box)
        return _channel_info(box)

    def buffers(self, size: int, count: int, *, when_full: bool = False) -> None:
        """`count` buffers (2 to 32) of `size` octets (16 and more) each way."""
        policy = lib.DAHDI_POLICY_WHEN_FULL if when_full else lib.DAHDI_POLICY_IMMEDIATE
        box = ffi.new(
            "struct dahdi_bufferinfo *",
            {
                "txbufpolicy": policy,
                "rxbufpolicy": lib.DAHDI_POLICY_IMMEDIATE,
                "numbufs": count,
                "bufsize": size,
            },
        )
        self._ask(f"{count} buffers of {size} octets", lib.DAHDI_SET_BUFINFO, box)

    def voice(self, law: str) -> None:
        """Audio mode (companding, gains, the kernel's canceller), octets of "alaw" or "ulaw".

        Only a channel in audio mode has a law; those with signalling of their own always are.
        """
        if self.info().signalling == lib.DAHDI_SIG_CLEAR:
            self._set("audio mode", lib.DAHDI_AUDIOMODE, 1)
        self._set("linear off", lib.DAHDI_SETLINEAR, 0)
        code = lib.DAHDI_LAW_ALAW if law == "alaw" else lib.DAHDI_LAW_MULAW
        self._set(law, lib.DAHDI_SETLAW, code)

    def echo_canceller(self, taps: int) -> None:
        """The kernel's own canceller with so many taps; 0 switches it off."""
        box = ffi.new("struct dahdi_echocanparams *", {"tap_length": taps})
        self._ask(f"echo canceller of {taps} taps", lib.DAHDI_ECHOCANCEL_PARAMS, box)

    def gains(self, receive_db: float, send_db: float, law: str) -> None:
        """Louder or quieter by so many dB in the driver; with 0 octets pass unchanged."""
        box = ffi.new("struct dahdi_gains *", {"chan": self.number})
        box.rxgain = gain_table(receive_db, law)
        box.txgain = gain_table(send_db, law)
        self._ask(f"gains of {receive_db:g} and {send_db:g} dB", lib.DAHDI_SETGAINS, box)

    def loop(self, on: bool) -> None:
        """Send back what is received, as long as nothing else is sent."""
        self._set("loop", lib.DAHDI_LOOPBACK, int(on))

    def flush(self) -> None:
        """Forget what was received, what is to be sent, and events."""
        self._set("flush", lib.DAHDI_FLUSH, lib.DAHDI_FLUSH_ALL)

    def hook(self, what: int) -> None:
        """DAHDI_ONHOOK, OFFHOOK, FLASH, RING, RINGOFF, WINK, START."""
        self._set("hook", lib.DAHDI_HOOK, what)

    def ring_cadence(self, cadence_ms: tuple[int, ...]) -> None:
        """On, off, on, off …, repeated. At most 16."""
        box = ffi.new("struct dahdi_ring_cadence *")
        for place, ms in enumerate(cadence_ms[:16]):
            box.ringcadence[place] = ms
        self._ask("ring cadence", lib.DAHDI_SETCADENCE, box)

    def dial_pulses(self, digits: str) -> None:
        """Pulses for each digit; DIALCOMPLETE follows.

        Raises DriverError for more digits than the driver takes at once."""
        text = f"P{digits}".encode("ascii")
        box = ffi.new("struct dahdi_dialoperation *")
        if len(text) >= ffi.sizeof(box.dialstr):
            raise DriverError(f"{len(digits)} digits are more than DAHDI dials at once")
        box.op = lib.DAHDI_DIAL_OP_REPLACE
        ffi.memmove(box.dialstr, text, len(text))
        self._ask("dial", lib.DAHDI_DIAL, box)

    def times(self, **ms: int) -> None:
        """Set times of the channel's signalling, by their names in dahdi_params."""
        box = ffi.new("struct dahdi_params *")
        self._ask("parameters", lib.DAHDI_GET_PARAMS, box)
        for name, value in ms.items():
            setattr(box, name, value)
        self._ask("times of signalling", lib.DAHDI_SET_PARAMS, box)

    def set_polarity(self, reversed_: bool) -> None:
        self._set("polarity", lib.DAHDI_SETPOLARITY, int(reversed_))

    def messages_waiting(self, count: int) -> None:
        """The telephone's lamp, by the means the card has."""
        self._set("message waiting", lib.DAHDI_VMWI, count)

    def on_hook_audio(self, ms: int) -> None:
        self._set("sound on hook", lib.DAHDI_ONHOOKTRANSFER, ms)

    def bits(self) -> int:
        """ABCD as received, A the highest of four bits.

        Masked: the dynamic span's driver leaves the next channel's bits above them.
        """
        return self._get("bits", lib.DAHDI_GETRXBITS) & 0xF

    def send_bits(self, abcd: int) -> None:
        self._set("send bits", lib.DAHDI_SETTXBITS, abcd & 0xF)

    def take_event(self) -> int:
        """The oldest event that waits, DAHDI_EVENT_NONE when there is none."""
        event = int(lib.dahdi_take_event(self.fd))
        if event < 0:
            raise DahdiError("events", self.where, -event)
        return event

    def report_losses(self) -> None:
        """Have READ_OVERRUN and WRITE_UNDERRUN posted. Old drivers cannot: then nothing is told."""
        try:
            self._set("buffer events", lib.DAHDI_BUFFER_EVENTS, 1)
        except DahdiError as error:
            if error.code not in (errno.ENOTTY, errno.EINVAL):
                raise


class Absent(Device):
    """In the place of a channel whose card is not there yet: every request is refused."""

    def __init__(self, where: str) -> None:
        _File.__init__(self, Path("/dev/null"), where)
        self.number = 0

    def _ask(self, what: str, request: int, argument: Any) -> int:
        raise DahdiError(what, self.where, errno.ENODEV)


def gain_table(db: float, law: str) -> bytes:
    """What each octet of a law becomes `db` louder, kept within the law's range."""
    octets = np.arange(256, dtype=np.uint8)
    if db == 0:
        return octets.tobytes()
    decode, encode = {
        "alaw": (g711.alaw_decode, g711.alaw_encode),
        "ulaw": (g711.ulaw_decode, g711.ulaw_encode),
    }[law]
    louder = np.clip(np.rint(decode(octets) * 10 ** (db / 20)), -32768, 32767)
    return bytes(encode(louder.astype(np.int16)))


def _channel_info(box: Any) -> ChannelInfo:
    return ChannelInfo(
        number=box.channo,
        span=box.spanno,
        position=box.chanpos,
        signalling=box.sigtype,
        capabilities=box.sigcap,
        name=_text(box.name),
        law="alaw" if box.curlaw == lib.DAHDI_LAW_ALAW else "ulaw",
        off_hook=bool(box.rxisoffhook),
        rx_bits=box.rxbits & 0xF,
        alarms=box.chan_alarms,
    )
