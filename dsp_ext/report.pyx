"""What can be read off an engine while it runs: levels, counts, times of its parts, memory.

What: the reading half of `Engine`. How: single words of the tick's own state, read as they are;
a count may be a tick old, none is torn. Limits: control thread.
"""

import numpy as np

from dsp_ext.event import SHED_LEVELS
from dsp_ext.port import LAWS

from libc.string cimport memset

from dsp_ext.echo cimport (
    echo_bank,
    echo_delay,
    echo_disabled,
    echo_double_talk,
    echo_erl_db,
    echo_erle_db,
)
from dsp_ext.level cimport level_dbm0
from dsp_ext.state cimport STAGES, engine_t
from dsp_ext.units cimport LANES

_STAGE_NAMES = ("commands", "read", "decode", "echo", "level", "dtmf", "progress", "mfr2", "fsk",
                "vad", "mix", "tone", "play", "encode", "tap", "write")


cdef class EngineReport(EngineState):
    """Base of `Engine`; it is not made by itself."""

    def levels(self) -> np.ndarray:
        """float32 (channels,): dBm0 of what is received, smoothed; -99 is silence."""
        cdef int c
        levels = np.empty(self.e.channels, np.float32)
        cdef float[::1] view = levels
        for c in range(self.e.channels):
            view[c] = level_dbm0(self.e.level[c // LANES], c % LANES)
        return levels

    def echo_of(self, channel: int) -> dict[str, float] | None:
        """What the channel's canceller knows of its line; None where it has none on.

        delay_ms : of the first of the echo, in steps of 10 ms; -1: no echo seen
        erl_db, erle_db : how far down the echo comes, and by how much more the filter lowers it
        double_talk, disabled : 1 while both ends speak; while 2100 Hz has switched it off

        Raises ValueError for no channel.
        """
        cdef int slot
        cdef echo_bank* bank
        if not 0 <= channel < self.e.channels:
            raise ValueError(f"channel {channel}: 0 to {self.e.channels - 1} are allowed")
        slot = self.e.echo.slots.slot_of[channel]
        if slot < 0:
            return None
        bank = self.e.echo.banks[slot // LANES]
        slot %= LANES
        samples = echo_delay(bank, slot)
        return {
            "delay_ms": -1.0 if samples < 0 else samples / 8,
            "erl_db": echo_erl_db(bank, slot),
            "erle_db": echo_erle_db(bank, slot),
            "double_talk": float(echo_double_talk(bank, slot)),
            "disabled": float(echo_disabled(bank, slot)),
        }

    def counters(self) -> dict[str, object]:
        """Counts since the start, and how it stands now.

        kernel_ns : mean ns a tick by part, over the last ticks that were timed
        joined : channels whose peer's octets the driver sends by itself now; joins: how often it began
        slots, slots_used : of each costly bank, by name
        shed_level : how much is left out now, 0: nothing; shed_steps: changes; shed_ticks: time spent
        memory_octets : taken when it was made, and none since
        """
        cdef engine_t* e = self.e
        ticks = max(1, e.ticks)
        lines = [port.counters() for port in self._attached]
        return {
            "ticks": e.ticks,
            "missed_ticks": e.missed_ticks,
            "late_max_us": e.late_max_ns * 1e-3,
            "event_ring_full": e.out.full,
            "command_ring_full": self._commands_refused,
            "digits_dropped": sum(e.dtmf[tile].dropped for tile in range(e.tiles)),
            "news_dropped": e.news_dropped,
            "tap_dropped_octets": e.tap_dropped,
            "line_overrun_octets": sum(line["overrun_octets"] for line in lines),
            "line_underrun_octets": sum(line["underrun_octets"] for line in lines),
            "port_errors": e.port_errors,
            "joined": e.joins.now,
            "joins": e.joins.made,
            "joins_refused": e.joins.refused,
            "tick_us_mean": e.tick_ns * 1e-3 / ticks,
            "tick_us_max": e.tick_max_ns * 1e-3,
            "kernel_ns": self._kernel_ns(),
            "slots": self.seats.slots(),
            "slots_used": self.seats.used(),
            "shed_level": e.shed.level,
            "shed_steps": e.shed.steps,
            "shed_ticks": e.shed.ticks,
            "memory_octets": e.octets,
            "memory_octets_per_channel": e.octets // e.channels,
        }

    def _kernel_ns(self) -> dict[str, float]:
        cdef engine_t* e = self.e
        if e.timed_ticks == 0:
            return {}
        return {_STAGE_NAMES[i]: e.stage_ns[i] * 1.0 / e.timed_ticks for i in range(STAGES)}

    @property
    def shed(self) -> str:
        """What is left out now because ticks took too long."""
        return SHED_LEVELS[self.e.shed.level]

    @property
    def channels(self) -> int:
        return self.e.channels

    @property
    def block(self) -> int:
        return self.e.block

    @property
    def law(self) -> str:
        return LAWS[self.e.law]

    @property
    def samples(self) -> int:
        """Media time: samples since the first tick."""
        return self.e.samples

    @property
    def timing(self) -> bool:
        """Measure the parts of the tick (`counters()["kernel_ns"]`); switching on starts anew."""
        return self.e.timing

    @timing.setter
    def timing(self, on: bool) -> None:
        if on and not self.e.timing:
            self.e.timed_ticks = 0
            memset(self.e.stage_ns, 0, sizeof(self.e.stage_ns))
        self.e.timing = on
