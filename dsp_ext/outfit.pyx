"""What an engine is made with: its rings, its banks of detectors with their slots, its ports.

What: the making half of `Engine`. How: each costly kernel is a bank of slots; which bank is which
post of the tick, and what its numbers mean in words, is kept here. Limits: all of it before the
first tick.
"""

from collections.abc import Mapping

from dsp_ext import tone_plan
from dsp_ext.event import Event
from dsp_ext.fsk_send import modem_number
from dsp_ext.port import LAWS, check_shape
from dsp_ext.progress import OTHERS
from dsp_ext.progress_plan import BusyTone, compile_plan
from dsp_ext.seats import Seats

from dsp_ext.echo cimport ECHO_BLOCK_SAMPLES
from dsp_ext.memory cimport engine_new, engine_post
from dsp_ext.mfr2 cimport MF_BACKWARD, MF_BACKWARD_CHINA, MF_FORWARD
from dsp_ext.port cimport Port
from dsp_ext.progress cimport progress_plan, progress_set_plan
from dsp_ext.state cimport POST_FSK, POST_MFR2, POST_PROGRESS, POST_VAD, POSTS, engine_shape

_DIRECTIONS = {"forward": MF_FORWARD, "backward": MF_BACKWARD, "backward cn": MF_BACKWARD_CHINA}


cdef class EngineOutfit(EngineReport):
    """Base of `Engine`; it is not made by itself."""

    def __init__(self, channels: int, *, block: int = 80, law: str = "alaw",
                 taps: int | None = None, events: int = 4096, commands: int = 4096,
                 echo: int = 0, echo_tail_ms: int = 64, echo_nlp: bool = True,
                 progress: Mapping[str, int] | None = None,
                 mfr2: Mapping[str, int] | None = None,
                 caller_id: Mapping[str, int] | None = None, voice: int = 0) -> None:
        cdef engine_shape shape
        check_shape(channels, block, law)
        most = 4 * channels if taps is None else taps
        for name, value, least in (("taps", most, 0), ("events", events, 8),
                                   ("commands", commands, 1)):
            if not least <= value <= 1 << 20:
                raise ValueError(f"{name} {value}: {least} to {1 << 20} is allowed")
        _check_echo(echo, echo_tail_ms, channels, block)
        if self.e != NULL:
            raise RuntimeError("an engine is made once")
        shape.channels, shape.block, shape.law = channels, block, LAWS.index(law)
        shape.taps, shape.events, shape.commands = most, events, commands
        shape.echo, shape.echo_tail_ms, shape.echo_nlp = echo, echo_tail_ms, echo_nlp
        self.e = engine_new(&shape)
        if self.e == NULL:
            raise MemoryError(f"engine of {channels} channels")
        self._attached, self._posts, self._tones, self._plans = [], {}, [], {}
        banks = {"echo": echo}
        for plan, slots in (progress or {}).items():
            banks[f"progress {plan}"] = self._add_plan(plan, slots)
        for direction, slots in (mfr2 or {}).items():
            banks[f"mfr2 {direction}"] = self._add_direction(direction, slots)
        for modem, slots in (caller_id or {}).items():
            bank = f"fsk {modem}"
            banks[bank] = self._add_post(bank, POST_FSK, modem_number(modem), slots, NULL)
        if voice:
            banks["vad"] = self._add_post("vad", POST_VAD, 0, voice, NULL)
        self.seats = Seats(banks)

    cdef int _add_post(self, str bank, int kind, int which, int slots,
                       const progress_plan* plan) except -1:
        if not 1 <= slots <= self.e.channels:
            raise ValueError(f"{bank}: {slots} slots; 1 to {self.e.channels} are allowed")
        if self.e.post_count == POSTS:
            raise ValueError(f"{bank}: an engine has no more than {POSTS} banks")
        self._posts[bank] = self.e.post_count
        if not engine_post(self.e, kind, which, slots, plan):
            raise MemoryError(bank)
        return slots

    def _add_plan(self, country: str, slots: int) -> int:
        cdef progress_plan compiled
        listening = compile_plan(tone_plan.plan(country))
        progress_set_plan(&compiled, listening)
        self._add_post(f"progress {country}", POST_PROGRESS, len(self._tones), slots, &compiled)
        self._tones.append(tuple(pattern.names for pattern in listening.patterns))
        self._plans[country] = listening
        return slots

    def _add_direction(self, direction: str, slots: int) -> int:
        if direction not in _DIRECTIONS:
            raise ValueError(f"mfr2 {direction!r}: {', '.join(_DIRECTIONS)} is allowed")
        return self._add_post(f"mfr2 {direction}", POST_MFR2, _DIRECTIONS[direction], slots, NULL)

    def attach(self, first: int, port: Port) -> None:
        """Channels from `first` on are that port's. Before the first tick, once a port.

        Raises ValueError when they do not fit, overlap, or differ in block or law;
        RuntimeError after the first tick.
        """
        if self.e.ticks or self.ticked_by:
            raise RuntimeError("ports are attached before the first tick")
        if port.attached:
            raise ValueError("this port is attached already")
        if (port.block, port.law) != (self.block, self.law):
            raise ValueError(f"port: block {port.block}, {port.law}; "
                             f"engine: block {self.block}, {self.law}")
        last = first + port.channels
        if first < 0 or last > self.e.channels:
            raise ValueError(f"channels {first} to {last - 1}: the engine has {self.e.channels}")
        for i in range(self.e.port_count):
            other = self.e.ports[i].first
            if first < other + self.e.ports[i].port.channels and other < last:
                raise ValueError(f"channels {first} to {last - 1}: some have a port already")
        self.e.ports[self.e.port_count].first, self.e.ports[self.e.port_count].port = first, port.c
        for channel in range(first, last):
            self.e.joins.place[channel] = self.e.port_count
        self.e.joins.able |= port.c.join != NULL
        self.e.port_count += 1
        port.attached = True
        self._attached.append(port)

    def tone_names(self, code: int) -> tuple[str, ...]:
        """What TONE_HEARD's `a` means: the tone's name, and others of its plan that sound alike."""
        names = self._tones[code >> 8]
        tone = code & 0xFF
        return names[tone] if tone < len(names) else (OTHERS[tone],)

    def busy(self, event: Event) -> BusyTone:
        """What BUSY_LEARNED tells."""
        plan, sound = list(self._plans)[event.a >> 8], event.a & 0xFF
        return BusyTone(plan, sound, self._plans[plan].sound_hz(sound), event.b, round(event.x))


def _check_echo(slots: int, tail_ms: int, channels: int, block: int) -> None:
    if not 0 <= slots <= channels:
        raise ValueError(f"echo {slots}: 0 to {channels} slots are allowed")
    if tail_ms not in (64, 128):
        raise ValueError(f"echo_tail_ms {tail_ms}: 64 or 128 is allowed")
    if slots and block % ECHO_BLOCK_SAMPLES:
        raise ValueError(f"echo needs a block of whole {ECHO_BLOCK_SAMPLES} samples, not {block}")
