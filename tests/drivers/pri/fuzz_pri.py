"""Malformed Q.931 in every state of a call, through libpri in a process of its own.

    python -m tests.drivers.pri.fuzz_pri --messages 1e6
    python -m tests.drivers.pri.fuzz_pri --messages 1e9 --asan --seed 7

What: every message of `fuzz_corpus` truncated at every octet, with every bit of
every octet flipped and every octet inverted, in every state of a call, as user
and as network, for each switch type and a group of interfaces (NFAS); random
mutations until the count is reached. After each batch the link must hold its
promises: calls end, each is released once, nothing is told of a call nobody
knows. `--asan` runs libpri built with AddressSanitizer. Exit status 1,
with the last messages, when it fails.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
BATCH = 24
_SERVICE = -1  # the kind of maintenance messages, which have a protocol of their own
#: (side, switch type), state of the call
Place = tuple[tuple[str, str], str]
SWITCHES = ("euroisdn", "qsig", "ni2", "dms100", "5ess", "ni2 nfas")


class Promises:
    """What the link has told; `hold` raises AssertionError when it told what cannot be."""

    def __init__(self) -> None:
        self.known: set[int] = set()

    def hear(self, events: list[Any]) -> None:
        from drivers.events import CallEvent, Released, Setup

        for event in events:
            if isinstance(event, Setup):
                assert event.ref not in self.known, f"{event} again"
                self.known.add(event.ref)
            elif isinstance(event, Released):
                assert event.ref in self.known, f"{event} of nobody, or twice"
                self.known.discard(event.ref)
            elif isinstance(event, CallEvent):
                assert event.ref in self.known, f"{event} of nobody"


class Campaign:
    """Messages to one link after another; `diary` holds the batch that is under way."""

    def __init__(self, seed: int, diary: Path) -> None:
        self._pick = random.Random(seed)
        self._diary = diary.open("r+b", buffering=0)
        self.sent = 0
        self._peers: dict[tuple[str, str], Any] = {}
        self._promises: dict[tuple[str, str], Promises] = {}

    def run(self, messages: int, seconds: float) -> None:
        """Until so many are sent, or the time is over."""
        until = time.monotonic() + seconds
        for (line, state), batch in self._batches():
            if self.sent >= messages or time.monotonic() > until:
                return
            self._batch(line, state, batch)

    def _batches(self) -> Iterator[tuple[Place, list[tuple[int, bytes]]]]:
        """Where to send what, without end: (message type, message with reference 0).

        Three of four are spoilt messages, every one at every place, in random order; when all
        have been sent they begin anew.
        """
        from tests.drivers.pri.fuzz_peer import STATES

        lines = product(("user", "network"), SWITCHES)
        places = list(product(lines, STATES))
        spoilt = list(self._spoilt())
        order = list(product(places, range(len(spoilt))))
        while True:
            self._pick.shuffle(order)
            for number, (place, index) in enumerate(order):
                yield place, spoilt[index]
                if number % 3 == 2:
                    yield self._pick.choice(places), self._mutated()

    def _spoilt(self) -> Iterator[list[tuple[int, bytes]]]:
        """Every spoilt message, those of one kind together."""
        from tests.drivers.pri import fuzz_corpus

        for kind, elements in fuzz_corpus.CORPUS:
            source = fuzz_corpus.spoilt(fuzz_corpus.whole(kind, elements, 0))
            while batch := [(kind, each) for each in islice(source, BATCH)]:
                yield batch

        for service in fuzz_corpus.SERVICES:
            source = fuzz_corpus.spoilt(service)
            while batch := [(_SERVICE, each) for each in islice(source, BATCH)]:
                yield batch

    def _mutated(self) -> list[tuple[int, bytes]]:
        from tests.drivers.pri import fuzz_corpus

        kinds = self._pick.choices(fuzz_corpus.CORPUS, k=BATCH)
        messages = [(kind, fuzz_corpus.whole(kind, elements, 0)) for kind, elements in kinds]
        return [(kind, fuzz_corpus.mutated(each, self._pick)) for kind, each in messages]

    def _batch(self, line: tuple[str, str], state: str, batch: list[tuple[int, bytes]]) -> None:
        from tests.drivers.pri.fuzz_peer import Peer

        note = {"line": line, "state": state, "batch": [each.hex() for _, each in batch]}
        self._write(json.dumps(note))
        if line not in self._peers:
            self._peers[line], self._promises[line] = Peer(*line), Promises()
        peer, promises = self._peers[line], self._promises[line]
        cref = None
        for kind, message in batch:
            if cref is None or not peer.link.calls():
                cref = self._begin(peer, promises, state)
            peer.say(_with_reference(message, kind, cref))
            promises.hear(peer.events)
            peer.events.clear()
        self.sent += len(batch)
        self._tidy(peer, promises)

    def _begin(self, peer: Any, promises: Promises, state: str) -> int:
        """A call in that state; its own events are heard too."""
        from drivers.base import DriverError

        try:
            cref: int = peer.call(state)
        except DriverError:  # the spoilt messages have taken the link down
            peer.wait(20)
            peer.revive()
            cref = peer.call(state)
        promises.known |= {call.ref for call in peer.link.calls() if call.outgoing}
        return cref

    def _tidy(self, peer: Any, promises: Promises) -> None:
        """Everything is cleared, and nothing may be left: neither a call nor a busy channel."""
        peer.serve()
        peer.clear()
        for patience in (0, 5, 20, 100, 400):
            peer.wait(patience)
            promises.hear(peer.events)
            peer.events.clear()
            if not peer.link.calls() and all(map(peer.link.is_idle, peer.link.settings.channels)):
                break
            peer.revive()
            peer.clear()
        assert not peer.link.calls(), f"left: {peer.link.calls()}"
        busy = [c for c in peer.link.settings.channels if not peer.link.is_idle(c)]
        assert not busy, f"channels busy without a call: {busy}"
        assert not promises.known, f"never released: {promises.known}"

    def _write(self, text: str) -> None:
        data = text.encode()
        self._diary.seek(0)
        self._diary.write(len(data).to_bytes(4, "big") + data)


def _with_reference(message: bytes, kind: int, cref: int) -> bytes:
    """Put the call's reference where the message still has the 0 it was made with."""
    if kind not in (0x46, 0x4E, _SERVICE) and message[:4] == b"\x08\x02\0\0":
        return message[:2] + cref.to_bytes(2, "big") + message[4:]
    return message


# ---- the process


def child(argv: argparse.Namespace) -> int:
    """Run the campaign here; print what was done as JSON."""
    if argv.module:
        _stand_in(Path(argv.module))
    campaign = Campaign(argv.seed, Path(argv.diary))
    started = time.process_time()
    campaign.run(int(float(argv.messages)), argv.seconds)
    spent = time.process_time() - started
    from drivers.signalling.pri import binding as pri_binding

    told = {"messages": campaign.sent, "cpu_s": spent, "libpri": pri_binding.version()}
    print(json.dumps(told))
    return 0


def _stand_in(path: Path) -> None:
    """Load this file as `drivers.signalling.pri._pri`."""
    from importlib.machinery import ExtensionFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    loader = ExtensionFileLoader("_pri", str(path))
    spec = spec_from_loader("_pri", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    sys.modules["drivers.signalling.pri._pri"] = module


class Failed(Exception):
    """The process died or a promise was broken; the text has what it was doing."""


def run(messages: float, *, seconds: float, seed: int, asan: bool) -> dict[str, Any]:
    """A campaign in a child process; what it did. Raises Failed, or Unavailable with `asan`."""
    environment = dict(os.environ)
    module = ""
    if asan:
        from tests.drivers.pri import asan_libpri

        module = str(asan_libpri.module())
        environment["LD_PRELOAD"] = asan_libpri.preload()
        environment["ASAN_OPTIONS"] = "detect_leaks=0:abort_on_error=1"
    with tempfile.NamedTemporaryFile() as diary:
        command = [sys.executable, "-m", "tests.drivers.pri.fuzz_pri", "--diary", diary.name]
        command += ["--messages", str(messages), "--seconds", str(seconds), "--seed", str(seed)]
        command += ["--module", module]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            data = Path(diary.name).read_bytes()
            last = data[4 : 4 + int.from_bytes(data[:4], "big")].decode()
            raise Failed(f"exit {done.returncode}, seed {seed}\n{done.stderr[-4000:]}\n{last}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.drivers.pri.fuzz_pri")
    parser.add_argument("--messages", default="1e6")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--asan", action="store_true", help="libpri under AddressSanitizer")
    parser.add_argument("--diary", help=argparse.SUPPRESS)
    parser.add_argument("--module", default="", help=argparse.SUPPRESS)
    argv = parser.parse_args()
    if argv.diary:
        return child(argv)
    try:
        told = run(float(argv.messages), seconds=argv.seconds, seed=argv.seed, asan=argv.asan)
    except Failed as error:
        print(error)
        return 1
    rate = told["messages"] / max(told["cpu_s"], 1e-9)
    print(
        f"libpri {told['libpri']}: {told['messages']:,} messages, {told['cpu_s']:.1f} s CPU, "
        f"{rate:,.0f} a second: no fault"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
