"""Suite ``parts``: what each part of a channel's work takes, and its memory: what `tune` reads.

Time: µs a channel takes of a tick of 10 ms, at several numbers of channels, because what no longer
fits into the caches costs more.  The parts are timed inside the engine's own tick, with everything
on on every channel: what suite ``tick`` has, and echo cancelling (every line gives an echo back),
call progress, MF-R2, caller ID and voice.  The figure is the quickest turn's CPU time: what else
the machine does can only add to it, and is what headroom is for.

Memory: what a further channel takes from the C library's heap (`bench.memory`).

Echo: what each setting of the canceller leaves of it, and of the keys (`bench.echo_settings`).
"""

from __future__ import annotations

import numpy as np

from bench import echo_settings, memory, tick
from bench.report import Result
from bench.suites import Options

SIZES = (30, 480, 1920)  # channels: 1, 16 and 64 E1
TAILS_MS = (64, 128)
BLOCK = tick.BLOCK
TURNS = 15
LEAST_TURNS = 3
WARM_UP = 20  # turns: the models of the echo paths are grown then
HYBRID = [0.0] * 9 + [0.28, -0.12, 0.06, -0.03]  # what each line gives back of what is sent to it
TIME_UNIT = "µs per 10 ms"
MEMORY_UNIT = "KiB per channel"
LOSS_UNIT = "dB"
KEYS_UNIT = "% heard"
PLAN, DIRECTION, MODEM = "cn", "forward", "bell202"

#: Whose memory is told; the engine's own is that without any of the others.
BANKS = ("echo 64 ms", "echo 128 ms", "progress", "mfr2", "fsk", "vad", "engine")


class Loaded(tick.Ours):
    """The engine of suite ``tick`` that hears all it can hear on every channel, too."""

    def __init__(self, channels: int, heard: tick.Signal, music: tick.Signal, tail_ms: int) -> None:
        super().__init__(
            channels,
            heard,
            music,
            echo=channels,
            echo_tail_ms=tail_ms,
            progress={PLAN: channels},
            mfr2={DIRECTION: channels},
            caller_id={MODEM: channels},
            voice=channels,
        )
        self.wire.fault("a", hybrid=HYBRID)
        for channel in range(channels):
            self.engine.echo(channel)
            self.engine.progress(channel, PLAN)
            self.engine.mfr2(channel, DIRECTION)
            self.engine.caller_id(channel, MODEM)
            self.engine.voice(channel)


def run(options: Options) -> list[Result]:
    """Time by part and size, memory by bank, echo by setting."""
    turns = max(LEAST_TURNS, round(TURNS * options.effort))
    warm_up = max(LEAST_TURNS, round(WARM_UP * options.effort))
    results: list[Result] = []
    for channels in SIZES:
        options.tell(f"{channels} channels")
        for part, us in _times(channels, turns, warm_up).items():
            name = f"{part}, {channels} channels"
            results.append(Result("parts", name, us / channels, TIME_UNIT, "lower"))
    options.tell("memory")
    if counted := memory.counted():
        for bank in BANKS:
            kib = counted.banks[bank] / 1024
            results.append(Result("parts", f"{bank}: memory", kib, MEMORY_UNIT, "lower"))
    options.tell("echo settings")
    return results + _echo_settings()


def _echo_settings() -> list[Result]:
    """Loss of echo and keys heard, each tail, without and with suppression."""
    results = []
    for tail_ms in TAILS_MS:
        for suppress in (False, True):
            heard = echo_settings.measure(tail_ms, suppress)
            name = f"echo {tail_ms} ms{', suppressed' if suppress else ''}"
            results += [
                Result("parts", f"{name}: loss", heard.loss_db, LOSS_UNIT, "higher"),
                Result("parts", f"{name}: keys", heard.keys, KEYS_UNIT, "higher"),
            ]
    return results


def _times(channels: int, turns: int, warm_up: int) -> dict[str, float]:
    """Part -> µs of a tick for all channels."""
    heard = tick.line_signal(channels)
    music = np.ascontiguousarray(np.roll(heard[:, 0] // 2, tick.RATE_HZ // 2))
    times: dict[str, float] = {}
    for tail_ms in TAILS_MS:
        ours = Loaded(channels, heard, music, tail_ms)
        for _ in range(warm_up):
            ours.turn()
        quickest = _quickest(ours, turns)
        times[f"echo {tail_ms} ms"] = quickest.pop("echo")
        ours.wire.fault("a", hybrid=[])  # what makes the echo is the line, no work of ours
        ours.turn()
        quickest["read"] = _quickest(ours, turns)["read"]
        for part, us in quickest.items():
            times[part] = min(us, times.get(part, us))
        del ours
    return times


def _quickest(ours: tick.Ours, turns: int) -> dict[str, float]:
    """Part -> µs of a tick, the quickest turn's.

    The engine times its parts by the clock on the wall, in which other programs' work is seen too;
    where their sum is more than the tick's CPU time, it is brought down to that.
    """
    seen: list[dict[str, float]] = []
    spent: list[float] = []
    for _ in range(turns):
        ours.engine.timing = True  # from nothing again
        spent.append(ours.turn())
        seen.append(ours.engine.counters()["kernel_ns"])
        ours.engine.timing = False
    quickest = {part: min(each[part] for each in seen) / 1000 for part in seen[0]}
    share = min(1.0, min(spent) / sum(quickest.values()))
    return {part: us * share for part, us in quickest.items()}
