"""libpri as one Python object: times in seconds, events as tuples, errors as exceptions.

Every call gives libpri its time first; `check` is the only way from a return
code to an exception. Text is decoded here and cut to what a number or a name
may hold, so that nothing odd from the line goes further up.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from drivers.base import DriverError
from drivers.signalling.pri._pri import ffi, lib

UP = lib.PRI_EVENT_DCHAN_UP
DOWN = lib.PRI_EVENT_DCHAN_DOWN
RESTART = lib.PRI_EVENT_RESTART
CONFIGURATION = lib.PRI_EVENT_CONFIG_ERR
RING = lib.PRI_EVENT_RING
HANGUP = lib.PRI_EVENT_HANGUP
RINGING = lib.PRI_EVENT_RINGING
ANSWER = lib.PRI_EVENT_ANSWER
HANGUP_ACK = lib.PRI_EVENT_HANGUP_ACK
RESTART_ACK = lib.PRI_EVENT_RESTART_ACK
INFORMATION = lib.PRI_EVENT_INFO_RECEIVED
PROCEEDING = lib.PRI_EVENT_PROCEEDING
SETUP_ACK = lib.PRI_EVENT_SETUP_ACK
HANGUP_REQUEST = lib.PRI_EVENT_HANGUP_REQ
PROGRESS = lib.PRI_EVENT_PROGRESS
SERVICE = lib.PRI_EVENT_SERVICE
SERVICE_ACK = lib.PRI_EVENT_SERVICE_ACK
IN_SERVICE, OUT_OF_SERVICE = lib.SHIM_IN_SERVICE, lib.SHIM_OUT_OF_SERVICE
FACILITY = lib.PRI_EVENT_FACILITY
KEYPAD = lib.PRI_EVENT_KEYPAD_DIGIT

REQUEST_SETUP_ACK = lib.SHIM_SETUP_ACK
REQUEST_PROCEEDING = lib.SHIM_PROCEEDING
REQUEST_ALERTING = lib.SHIM_ALERTING
REQUEST_PROGRESS = lib.SHIM_PROGRESS
REQUEST_CONNECT = lib.SHIM_CONNECT
REQUEST_HANGUP = lib.SHIM_HANGUP
REQUEST_DESTROY = lib.SHIM_DESTROY

SWITCHES = {
    "euroisdn": lib.PRI_SWITCH_EUROISDN_E1,
    "euroisdn_t1": lib.PRI_SWITCH_EUROISDN_T1,
    "qsig": lib.PRI_SWITCH_QSIG,
    "ni1": lib.PRI_SWITCH_NI1,
    "ni2": lib.PRI_SWITCH_NI2,
    "dms100": lib.PRI_SWITCH_DMS100,
    "5ess": lib.PRI_SWITCH_LUCENT5E,
    "4ess": lib.PRI_SWITCH_ATT4ESS,
}
SIDES = {"network": lib.PRI_NETWORK, "user": lib.PRI_CPE}
LAYER1 = {"alaw": lib.PRI_LAYER_1_ALAW, "ulaw": lib.PRI_LAYER_1_ULAW}
CAPABILITIES = {"speech": lib.PRI_TRANS_CAP_SPEECH, "audio": lib.PRI_TRANS_CAP_3_1K_AUDIO}
FREE, UNITS, MONEY = lib.SHIM_CHARGE_FREE, lib.SHIM_CHARGE_UNITS, lib.SHIM_CHARGE_MONEY
DIGITS = frozenset("0123456789*#+ABCDabcd")
MAX_D_CHANNELS = lib.MAX_D_CHANNELS
_NAME_OCTETS = 50
_BUFFER = 65536


class RawRedirecting(NamedTuple):
    """Who sent the call on last, and how often it was."""

    times: int
    reason: int
    digits: str
    plan: int
    pres: int
    name: str


class RawConnected(NamedTuple):
    """Who answered."""

    digits: str
    plan: int
    pres: int
    name: str


class RawCharge(NamedTuple):
    """Advice of charge. `amount` is of units, or of money times 10 to the power of `scale`."""

    kind: int
    final: bool
    amount: int
    scale: int
    currency: str


class RawEvent(NamedTuple):
    """What libpri reported; -1 where an event carries no channel or cause."""

    kind: int
    d: int  # place of the D channel it came on
    call: int
    cref: int
    channel: int
    cause: int
    inband: bool
    complete: bool
    flexible: bool
    capability: int
    layer1: int
    calling: str
    calling_plan: int
    calling_pres: int
    name: str
    called: str
    called_plan: int
    text: str
    calling_sub: str
    called_sub: str
    redirecting: RawRedirecting | None
    connected: RawConnected | None
    charge: RawCharge | None
    status: int


class OutgoingCall(NamedTuple):
    """What a SETUP carries. `plan` values are type of number << 4 | numbering plan."""

    channel: int
    exclusive: bool
    called: str
    called_plan: int
    complete: bool
    calling: str = ""
    calling_plan: int = 0
    calling_pres: int = 0
    name: str = ""
    calling_sub: str = ""
    called_sub: str = ""
    redirecting: RawRedirecting | None = None


def check(code: int, what: str) -> int:
    """Give back libpri's return code, or raise DriverError when it says failure."""
    if code < 0:
        raise DriverError(f"libpri refused: {what} (code {code})")
    return code


def version() -> str:
    return str(ffi.string(lib.pri_get_version()).decode("ascii", "replace"))


def _microseconds(now: float) -> int:
    return round(now * 1e6)


def _digits(field: Any) -> str:
    text = ffi.string(field).decode("latin-1")
    return "".join(letter for letter in text if letter in DIGITS)


def _name(field: Any) -> str:
    raw = ffi.string(field)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return "".join(letter for letter in text if letter.isprintable()).strip()


def _encode_name(name: str) -> bytes:
    """UTF-8, cut at a character's border to what a display element holds."""
    return name.encode()[:_NAME_OCTETS].decode("utf-8", "ignore").encode()


def _redirecting(event: Any) -> RawRedirecting | None:
    if not event.redirected:
        return None
    return RawRedirecting(
        event.redirected,
        event.redirecting_reason,
        _digits(event.redirecting),
        event.redirecting_plan,
        event.redirecting_pres,
        _name(event.redirecting_name),
    )


def _connected(event: Any) -> RawConnected | None:
    if not event.connected:
        return None
    return RawConnected(
        _digits(event.connected_number),
        event.connected_plan,
        event.connected_pres,
        _name(event.connected_name),
    )


def _charge(event: Any) -> RawCharge | None:
    if event.charge == lib.SHIM_CHARGE_NONE:
        return None
    return RawCharge(
        event.charge,
        bool(event.charge_final),
        int(event.charge_amount),
        event.charge_scale,
        _name(event.charge_currency),
    )


class Libpri:
    """One D channel of libpri, or several that stand in for each other (NFAS). Not to be shared

    between threads. `interfaces` are those of the D channels, none without NFAS; with it a channel
    is its interface's number times 256 and its own, and frames are led by an octet with the place
    of their D channel. `active` is the one for what belongs to no call; each call keeps to the one
    that its far end used last.
    """

    def __init__(
        self,
        side: str,
        switch: str,
        now: float,
        law: str = "alaw",
        capability: str = "speech",
        interfaces: tuple[int, ...] = (),
    ) -> None:
        self._layer1 = LAYER1[law]
        self._capability = CAPABILITIES[capability]
        self._nfas = bool(interfaces)
        self._homes: dict[int, int] = {}
        self.active = 0
        places = ffi.new("int[]", interfaces or (-1,))
        self._shim = lib.shim_open(
            SIDES[side], SWITCHES[switch], _microseconds(now), len(places), places
        )
        if self._shim == ffi.NULL:
            raise DriverError("libpri gave no D channel controller")
        self._event = ffi.new("shim_event *")
        self._buffer = ffi.new("uint8_t[]", _BUFFER)
        self._text = ffi.new("char[]", _BUFFER)

    def close(self) -> None:
        """Let go of the D channel; using the object afterwards is an error."""
        lib.shim_close(self._shim)
        self._shim = ffi.NULL

    def set_timer(self, name: str, value: int) -> None:
        """Set a timer (ms) or counter of libpri by its name, as `T309` or `N200`."""
        check(lib.shim_timer(self._shim, name.encode(), value), f"timer {name} = {value}")

    def timer(self, name: str) -> int:
        """What a timer (ms) or counter of libpri is set to."""
        value = lib.shim_timer_value(self._shim, name.encode())
        return check(value, f"timer {name}")

    # ---- which D channel -----------------------------------------------------------------

    def home(self, call: int) -> int:
        """The D channel that a call's messages go on."""
        return self._homes.get(call, self.active)

    def settle(self, call: int, d: int) -> None:
        """A message for a call came on this D channel: libpri answers there from now on."""
        if self._nfas:
            self._homes[call] = d

    def forget(self, call: int) -> None:
        """libpri has let go of a call."""
        self._homes.pop(call, None)

    def _at(self, call: int | None = None) -> Any:
        """The door, turned to a call's D channel or to the active one."""
        lib.shim_use(self._shim, self.active if call is None else self.home(call))
        return self._shim

    def _told(self, channel: int) -> int:
        """A channel as libpri is told of it: with NFAS always by the name of its interface."""
        return channel | lib.DS1_EXPLICIT if self._nfas and channel & 0xFF else channel

    # ---- line and time -------------------------------------------------------------------

    def feed(self, frame: bytes, now: float, d: int = 0) -> RawEvent | None:
        lib.shim_use(self._shim, d)
        code = lib.shim_feed(self._shim, _microseconds(now), frame, len(frame), self._event)
        return self._take_event(check(code, f"a frame of {len(frame)} octets"))

    def poll(self, now: float) -> RawEvent | None:
        """Run due timers up to the first that gives an event; call again until None."""
        return self._take_event(lib.shim_poll(self._shim, _microseconds(now), self._event))

    def deadline(self) -> float | None:
        """When the next timer is due, in the time given to the calls."""
        at = lib.shim_next(self._shim)
        return None if at < 0 else at / 1e6

    def take_frames(self) -> list[bytes]:
        length = lib.shim_take(self._shim, self._buffer, _BUFFER)
        data = ffi.buffer(self._buffer, length)[:]
        frames, at = [], 0
        while at < length:
            end = at + 3 + int.from_bytes(data[at : at + 2], "little")
            frames.append(data[at + (2 if self._nfas else 3) : end])
            at = end
        return frames

    def take_log(self) -> list[tuple[bool, str]]:
        """(is an error, line) for what libpri printed since the last time."""
        length = lib.shim_log(self._shim, self._text, _BUFFER)
        if not length:
            return []
        lines = ffi.buffer(self._text, length)[:].decode("latin-1").splitlines()
        return [(line[:1] == "E", line[1:].strip()) for line in lines if line[1:].strip()]

    def new_call(self) -> int:
        call = int(lib.shim_new_call(self._at()))
        if not call:
            raise DriverError("libpri has no call reference left")
        self.settle(call, self.active)
        return call

    def skip_references(self, count: int) -> None:
        """Leave out the first `count` call references: calls lost to us still have them."""
        for _ in range(count):
            self.request(self.new_call(), REQUEST_DESTROY, 0.0)

    def setup(self, call: int, wanted: OutgoingCall, now: float) -> None:
        record = ffi.new("shim_call *")
        texts = [
            ffi.new("char[]", text)
            for text in (
                wanted.called.encode("latin-1", "replace"),
                wanted.calling.encode("latin-1", "replace"),
                _encode_name(wanted.name),
            )
        ]
        record.channel, record.exclusive = self._told(wanted.channel), wanted.exclusive
        record.capability, record.layer1 = self._capability, self._layer1
        record.called, record.called_plan = texts[0], wanted.called_plan
        record.complete = wanted.complete
        record.calling = texts[1] if wanted.calling else ffi.NULL
        record.calling_plan, record.calling_pres = wanted.calling_plan, wanted.calling_pres
        record.name = texts[2] if wanted.name else ffi.NULL
        kept = self._more(record, wanted)
        code = lib.shim_setup(self._at(call), _microseconds(now), call, record)
        del kept
        check(code, f"SETUP on channel {wanted.channel}")

    def _more(self, record: Any, wanted: OutgoingCall) -> list[Any]:
        """Sub-addresses and redirecting; gives what must live until the call is made."""
        kept = []

        def text(data: bytes) -> Any:
            kept.append(ffi.new("char[]", data))
            return kept[-1]

        if wanted.calling_sub:
            record.calling_sub = text(wanted.calling_sub.encode("ascii", "replace"))
        if wanted.called_sub:
            record.called_sub = text(wanted.called_sub.encode("ascii", "replace"))
        if (sent_on := wanted.redirecting) is not None:
            record.redirecting = text(sent_on.digits.encode("latin-1", "replace"))
            record.redirecting_plan, record.redirecting_pres = sent_on.plan, sent_on.pres
            record.redirecting_reason, record.redirected = sent_on.reason, sent_on.times
            if sent_on.name:
                record.redirecting_name = text(_encode_name(sent_on.name))
        return kept

    def connected(self, call: int, who: RawConnected, now: float) -> None:
        """Who answers, to be told in the CONNECT that follows."""
        digits, name = who.digits.encode("latin-1", "replace"), _encode_name(who.name)
        at = _microseconds(now)
        code = lib.shim_connected(self._at(call), at, call, digits, who.plan, who.pres, name)
        check(code, "connected number")

    def charge(self, call: int, units: int, final: bool, now: float) -> None:
        """Advice of charge, during the call or at its end."""
        code = lib.shim_charge(self._at(call), _microseconds(now), call, units, final)
        check(code, "advice of charge")

    def transfer(self, one: int, other: int, now: float) -> None:
        """Ask the far end to join two calls."""
        check(lib.shim_transfer(self._shim, _microseconds(now), one, other), "transfer")

    def digit(self, call: int, digit: str, now: float) -> None:
        code = lib.shim_digit(self._at(call), _microseconds(now), call, digit.encode("latin-1"))
        check(code, f"INFORMATION {digit!r}")

    def request(self, call: int, what: int, now: float, channel: int = 0, info: int = 0) -> int:
        """One of REQUEST_*; gives libpri's code (negative when the call has gone)."""
        at, told = self._at(call), self._told(channel)
        code = int(lib.shim_request(at, _microseconds(now), call, what, told, int(info)))
        if not self.valid(call):
            self.forget(call)
        return code

    def restart(self, channel: int, now: float) -> None:
        code = lib.shim_restart(self._at(), _microseconds(now), self._told(channel))
        check(code, f"RESTART {channel}")

    def service(self, channel: int, status: int, now: float) -> None:
        """Send SERVICE for a channel: IN_SERVICE or OUT_OF_SERVICE."""
        interface, number = channel >> 8, channel & 0xFF
        code = lib.shim_service(self._at(), _microseconds(now), interface, number, status)
        check(code, f"SERVICE {channel}")

    def valid(self, call: int) -> bool:
        """Whether libpri still keeps this call."""
        return bool(lib.shim_valid(self._shim, call))

    def _take_event(self, code: int) -> RawEvent | None:
        if not code:
            return None
        event = self._event
        if event.call:
            self.settle(int(event.call), event.d)
        return RawEvent(
            event.kind,
            event.d,
            int(event.call),
            event.cref,
            event.channel,
            event.cause,
            bool(event.inband),
            bool(event.complete),
            bool(event.flexible),
            event.capability,
            event.layer1,
            _digits(event.calling),
            event.calling_plan,
            event.calling_pres,
            _name(event.name),
            _digits(event.called),
            event.called_plan,
            ffi.string(event.text).decode("latin-1").strip(),
            _name(event.calling_sub),
            _name(event.called_sub),
            _redirecting(event),
            _connected(event),
            _charge(event),
            event.status,
        )
