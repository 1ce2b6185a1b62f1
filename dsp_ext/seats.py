"""Who has a slot of which costly bank, as the control plane counts.

What: commands that need a slot are refused here, with a clear word, before they are sent; the tick
takes and gives slots in the same order, so that it never finds fewer free than are counted here.
Limits: a channel has one slot of a kind ("progress cn" and "progress us" are one kind).
"""

from __future__ import annotations

from collections.abc import Mapping

from dsp_ext.event import NoSlot


class Seats:
    """`banks`: how many slots each has, by name: a kind, or a kind and what ("mfr2 forward")."""

    def __init__(self, banks: Mapping[str, int]) -> None:
        self._banks = dict(banks)
        self._taken: dict[str, set[int]] = {name: set() for name in banks}

    def check(self, bank: str, channel: int) -> None:
        """Whether `channel` has or could have a slot of `bank`.

        Raises NoSlot when all are taken, ValueError when this engine has no such bank.
        """
        if bank not in self._banks:
            there = ", ".join(name for name, slots in self._banks.items() if slots)
            raise ValueError(f"this engine has no bank {bank!r}; it has {there or 'none'}")
        taken = self._taken[bank]
        if channel not in taken and len(taken) >= self._banks[bank]:
            raise NoSlot(f"{bank}: all {self._banks[bank]} slots are taken")

    def sit(self, bank: str, channel: int) -> None:
        """The channel has a slot of `bank` now, and no other of its kind."""
        self.leave(bank.partition(" ")[0], channel)
        self._taken[bank].add(channel)

    def leave(self, kind: str, channel: int) -> None:
        for name, taken in self._taken.items():
            if name.partition(" ")[0] == kind:
                taken.discard(channel)

    def leave_all(self, channel: int) -> None:
        for taken in self._taken.values():
            taken.discard(channel)

    def slots(self) -> dict[str, int]:
        """How many there are, by bank."""
        return dict(self._banks)

    def used(self) -> dict[str, int]:
        return {name: len(taken) for name, taken in self._taken.items()}

    def bank_of(self, kind: str, channel: int) -> str | None:
        """The bank of that kind the channel has a slot of."""
        for name, taken in self._taken.items():
            if name.partition(" ")[0] == kind and channel in taken:
                return name
        return None
