"""Recordings: ranges, what is given to whom, and paths that try to lead elsewhere."""

from __future__ import annotations

import io
import logging
import wave
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mediaserver.db import queries
from mediaserver.db.models import RecordingRow
from tests.web.conftest import Enter
from tests.web.page import Page
from tests.web.world import World

SIZE = 44 + 8 * 8000 * 2 * 2  # 8 s of stereo in 16 bits


def add(world: World, recording_id: str, path: str, call_id: str = "") -> str:
    with queries.session(world.settings.database.url) as session:
        session.merge(
            RecordingRow(
                id=recording_id,
                call_id=call_id or world.told,
                path=path,
                started_utc=datetime(2020, 1, 1, tzinfo=UTC),
                duration_ms=1000,
                octets=0,
                lost_octets=0,
                law="alaw",
                state="failed",
            )
        )
    return f"/recordings/{recording_id}.wav"


def test_the_sound_is_a_stereo_wav(enter: Enter, world: World) -> None:
    answer = enter("sue").get(f"/recordings/{world.alices}.wav")
    assert answer.status_code == 200
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.mimetype == "audio/wav"
    assert len(answer.data) == int(answer.headers["Content-Length"]) == SIZE
    with wave.open(io.BytesIO(answer.data)) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (2, 8000, 2)
        assert sound.getnframes() == 8 * 8000


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=0-99", 0, 100),
        ("bytes=20-60", 20, 61),
        ("bytes=1001-2000", 1001, 2001),
        ("bytes=-5", SIZE - 5, SIZE),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE),
        (f"bytes=100-{SIZE * 9}", 100, SIZE),
    ],
)
def test_a_range_is_that_part_of_the_whole(
    wanted: str, start: int, end: int, enter: Enter, world: World
) -> None:
    client = enter("sue")
    url = f"/recordings/{world.alices}.wav"
    whole = client.get(url).data
    part = client.get(url, headers={"Range": wanted})
    assert part.status_code == 206
    assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert part.data == whole[start:end]


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", "bytes=99999999-", "bytes=0-1,5-9"])
def test_a_range_that_is_not_there(wanted: str, enter: Enter, world: World) -> None:
    answer = enter("sue").get(f"/recordings/{world.alices}.wav", headers={"Range": wanted})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("wanted", ["lines=1-2", "bytes=", "bytes=x-y", "bytes=9-1", "-"])
def test_a_range_that_makes_no_sense_is_ignored(wanted: str, enter: Enter, world: World) -> None:
    answer = enter("sue").get(f"/recordings/{world.alices}.wav", headers={"Range": wanted})
    assert answer.status_code in (200, 416)


def test_each_playback_is_logged(
    enter: Enter, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    client = enter("sue")
    with caplog.at_level(logging.INFO, logger="web.access"):
        client.get(f"/recordings/{world.alices}.wav")
    line = next(r.getMessage() for r in caplog.records if r.message.startswith("recording "))
    assert "user=sue" in line and f"id={world.alices}" in line and f"call={world.told}" in line


def test_a_download_has_a_name_people_can_read(enter: Enter, world: World) -> None:
    answer = enter("sue").get(f"/recordings/{world.alices}.wav?download=1")
    assert answer.headers["Content-Disposition"].endswith('-13800130000.wav"')


def test_the_waveform_shows_both_directions(enter: Enter, world: World) -> None:
    drawn = enter("sue").get(f"/api/recordings/{world.alices}/waveform?points=200").json
    assert drawn["duration_ms"] == 8000
    assert len(drawn["left"]) == len(drawn["right"]) == 200
    assert max(drawn["left"]) > 0.1
    assert min(drawn["left"]) >= 0 and max(drawn["right"]) <= 1


@pytest.mark.parametrize("points", ["0", "-1", "1e9", "999999999", "x", ""])
def test_odd_numbers_of_points_do_no_harm(points: str, enter: Enter, world: World) -> None:
    answer = enter("sue").get(f"/api/recordings/{world.alices}/waveform?points={points}")
    assert answer.status_code == 200
    assert 1 <= len(answer.json["left"]) <= 4000


@pytest.mark.parametrize(
    "path",
    ["../mediaserver.db", "/etc/passwd", "2026/../../web.key", "a\0b", "", ".", "2026", "none.wav"],
)
def test_a_path_never_leads_out_of_the_root(path: str, enter: Enter, world: World) -> None:
    client = enter("root")
    assert client.get(add(world, "trap", path)).status_code == 404
    assert client.get("/api/recordings/trap/waveform").status_code == 404


def test_a_link_is_not_followed(enter: Enter, world: World, tmp_path: Path) -> None:
    root = world.settings.recording.directory
    (root / "link.wav").unlink(missing_ok=True)
    (root / "link.wav").symlink_to(world.settings.web.secret_file)
    assert enter("root").get(add(world, "trap", "link.wav")).status_code == 404


def test_a_broken_file_is_not_played(enter: Enter, world: World) -> None:
    (world.settings.recording.directory / "broken.wav").write_bytes(b"RIFF" + bytes(100))
    client = enter("root")
    assert client.get(add(world, "trap", "broken.wav")).status_code == 404
    assert client.get("/api/recordings/trap/waveform").status_code == 404


@pytest.mark.parametrize(
    "recording_id",
    ["..", "%2e%2e%2fweb.key", "..%2f..%2fweb.key", "x' OR '1'='1", "%00", "a" * 5000],
)
def test_only_known_ids_are_found(recording_id: str, enter: Enter) -> None:
    answer = enter("root").get(f"/recordings/{recording_id}.wav")
    assert answer.status_code in (404, 308)


def test_a_recording_without_its_call_is_for_staff_only(enter: Enter, world: World) -> None:
    path = "2026/01/05/" + world.alices + ".wav"
    url = add(world, "orphan", path, call_id="gone")
    assert enter("sue").get(url).status_code == 200
    assert enter("alice").get(url).status_code == 404


def test_the_list_is_searched_and_paged(enter: Enter, world: World) -> None:
    client = enter("sue")

    def listed(query: str) -> list[str]:
        rows = Page(client.get(f"/recordings{query}").text).all("tr")
        return [row["data-play"] for row in rows if "data-play" in row]

    first, second = listed(""), listed("?offset=50")
    assert len(first) == 50 and second and not set(first) & set(second)
    assert listed("?number=13800130006") == [world.bobs]
    assert world.alices in listed("?agent=alice") and world.bobs not in listed("?agent=alice")
    assert listed("?queue=nowhere") == []
    assert listed("?since=2100-01-01T00:00") == []
