"""The bench's rows for G.711 and the mixer: met, and able to miss."""

from __future__ import annotations

import numpy as np
import pytest

from bench.quality import g711 as quality_g711
from bench.quality import mix as quality_mix
from bench.quality.g711 import LAWS, Law, Ours


@pytest.mark.parametrize("rows", [quality_g711, quality_mix], ids=["g711", "mix"])
def test_every_row_has_a_goal_and_reaches_it(rows: object) -> None:
    results = rows.run()  # type: ignore[attr-defined]
    assert results
    assert {result.name: result.meets for result in results} == {r.name: True for r in results}


class Wrong(Ours):
    """A coder with one octet decoded one too high, and one step too small where it is loud."""

    @staticmethod
    def encode(samples: quality_g711.Samples, law: str) -> quality_g711.Octets:
        coded = Ours.encode(samples, law)
        return np.where(np.abs(samples.astype(int)) == 20000, coded ^ 1, coded)

    @staticmethod
    def decode(octets: quality_g711.Octets, law: str) -> quality_g711.Samples:
        return Ours.decode(octets, law) + (octets == 0x9A)

    @staticmethod
    def through(signal: quality_g711.Floats, law: str) -> quality_g711.Floats:
        return Ours.through(signal, law) + (signal > 200) * signal * 0.02


@pytest.mark.parametrize("law", LAWS, ids=[law.name for law in LAWS])
def test_a_wrong_coder_is_seen(law: Law) -> None:
    assert quality_g711.wrong_octets(Wrong, law) == 1
    assert quality_g711.wrong_samples(Wrong, law) == 2
    assert quality_g711.margin_db(law.name, Wrong) < quality_g711.margin_db(law.name)


def test_a_mixer_in_which_one_is_elsewhere_is_seen() -> None:
    seated = quality_mix.seats(strewn=True, whispers=0)
    moved = seated.bridge.copy()
    moved[0] = moved[1]
    told = quality_mix.Seats(moved, seated.talk, seated.listen, seated.whispers_to)
    pcm = np.random.default_rng(1).normal(0, 3000, (8, len(moved))).astype(np.float32)
    assert (seated.mixer().process(pcm) != told.heard(pcm)).any()
