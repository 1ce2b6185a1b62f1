"""Lines' own busy tones: kept in a file, over restarts, whatever the file has become."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsp_ext.progress_plan import BusyTone
from dsp_ext.tone import Program, Segment
from mediaserver.media.busytone import BusyTones
from mediaserver.media.errors import MediaError
from tests.media.world import World, run

TONE = BusyTone("cn", 25, 625.0, 260, 270)


def test_what_a_line_learned_is_known_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "busy-tones.json"

    async def story() -> None:
        tones = BusyTones(path)
        assert tones.known("FXO-1/1") is None
        tones.learned("FXO-1/1", TONE._replace(on_ms=300))
        tones.learned("FXO-1/2", TONE)
        tones.learned("FXO-1/1", TONE)  # while the first is being written
        assert tones.forget("FXO-1/2") and not tones.forget("FXO-1/2")
        await tones.close()
        assert dict(BusyTones(path).lines()) == {"FXO-1/1": TONE}
        assert sorted(tmp_path.iterdir()) == [path]

    run(story)


def test_a_file_that_cannot_be_written_costs_no_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        tones = BusyTones(tmp_path / "none" / "busy-tones.json")
        tones.learned("FXO-1/1", TONE)
        await tones.close()
        assert tones.known("FXO-1/1") == TONE

    with caplog.at_level(logging.ERROR):
        run(story)
    assert "not kept" in caplog.text


@given(
    st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=6), inner, max_size=3)
            ),
            max_leaves=6,
        ).map(lambda value: json.dumps(value).encode()),
    )
)
@settings(max_examples=80, derandomize=True)
def test_any_file_is_read_or_is_as_none(tmp_path_factory: pytest.TempPathFactory, octets: bytes):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(octets)
    assert all(isinstance(tone, BusyTone) for tone in BusyTones(path).lines().values())


def test_a_port_tells_what_it_learned_and_takes_what_is_known() -> None:
    async def story() -> None:
        world = World(progress={"cn": 2})
        learned: list[BusyTone] = []
        port = world.near.port(1)
        port.progress("cn")
        port.on_busy(learned.append)
        odd = Program.from_segments([Segment((620,), 260, 260, -15)], repeat_from=0)
        world.far.port(1).tone(odd)
        await asyncio.sleep(4)
        (tone,) = learned
        assert (tone.plan, tone.on_ms) == ("cn", pytest.approx(260, abs=20))
        port.progress("cn", known=tone)
        with pytest.raises(MediaError, match="busy tone"):
            port.progress("cn", known=tone._replace(on_ms=5))
        await port.reset()
        await asyncio.sleep(4)
        assert len(learned) == 1

    run(story)
