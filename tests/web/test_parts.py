"""The smaller parts: the key file, the search form, vendored files, the application itself."""

from __future__ import annotations

import hashlib
import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from mediaserver.config import ConfigError
from tests.web.conftest import Enter
from tests.web.page import Page
from tests.web.world import World
from web.app import create_app
from web.search import read_search
from web.secret import secret_key

VENDOR = Path(__file__).parents[2] / "web/static/vendor"
LINE = re.compile(r"^\| (\S+) \| \S+ \| [\d.]+ \| \S+ \| `([0-9a-f]{64})` \|$", re.M)


# ---- the key ---------------------------------------------------------------


def test_the_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "web.key"
    key = secret_key(path)
    assert len(key) == 64 and secret_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["web.key"]


def test_a_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "web.key").write_text("short")
    with pytest.raises(ValueError, match="remove it"):
        secret_key(tmp_path / "web.key")


def test_two_that_start_at_once_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "web.key"
    original = Path.read_bytes
    answers = iter([FileNotFoundError()])

    def first_there_is_none(self: Path) -> bytes:
        for error in answers:
            path.write_text("k" * 64)  # the other one was quicker
            raise error
        return original(self)

    monkeypatch.setattr(Path, "read_bytes", first_there_is_none)
    assert secret_key(path) == b"k" * 64


# ---- the search form -----------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "number"),
    [("138 0013-8000", "13800138000"), ("+86 10", "+8610"), ("*#06#", "*#06#"), ("", "")],
)
def test_a_number_may_be_typed_as_people_do(app: Flask, query: str, number: str) -> None:
    with app.test_request_context(query_string={"number": query}):
        search = read_search()
    assert search.number == number and not search.wrong


def test_what_cannot_be_understood_is_named(app: Flask) -> None:
    query = {"number": "alice", "since": "yesterday", "until": "2026-13-01T00:00", "offset": "-3"}
    with app.test_request_context(query_string=query, headers={"Accept-Language": "en"}):
        search = read_search()
    assert len(search.wrong) == 3
    assert search.offset == 0 and search.since is None and search.until is None


def test_times_are_the_consoles_wall_clock(app: Flask) -> None:
    with app.test_request_context(query_string={"since": "2026-01-05T08:00"}):
        since = read_search().since
    assert since is not None
    assert since == datetime(2026, 1, 5, 8, 0).astimezone()
    assert since.astimezone(UTC).tzinfo is UTC


def test_pages_of_a_list_join_up(enter: Enter) -> None:
    client = enter("sue")

    def ids(url: str) -> tuple[list[str], dict[str, str]]:
        page = Page(client.get(url).text)
        links = {a["rel"]: a["href"] for a in page.all("a") if "rel" in a}
        return [row["data-href"] for row in page.all("tr") if "data-href" in row], links

    first, links = ids("/calls?until=2100-01-01T00:00&number=138")
    assert len(first) == 50 and set(links) == {"next"}
    assert "number=138" in links["next"] and "until=2100" in links["next"]
    second, links = ids(links["next"])
    assert len(second) == 50 and set(links) == {"prev", "next"}
    third, links = ids(links["next"])
    assert set(links) == {"prev"}
    assert len(set(first + second + third)) == len(first) + len(second) + len(third)


# ---- vendored files -------------------------------------------------------------


def test_vendored_files_are_the_pinned_ones() -> None:
    pinned = dict(LINE.findall((VENDOR / "README.md").read_text()))
    kept = {
        path.relative_to(VENDOR).as_posix()
        for path in VENDOR.rglob("*")
        if path.suffix in (".css", ".js", ".svg")
    }
    assert set(pinned) == kept
    for name, expected in pinned.items():
        data = (VENDOR / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == expected, name
        assert len(data) < 1 << 20
        assert (VENDOR / name).with_name("LICENSE").is_file()


def test_every_icon_named_is_in_the_sprite() -> None:
    sprite = set(
        re.findall(r'<symbol id="([\w-]+)"', (VENDOR / "tabler-icons/icons.svg").read_text())
    )
    web = VENDOR.parents[1]
    used = set()
    for path in (*web.rglob("*.html"), *web.glob("static/js/*.js")):
        used |= set(re.findall(r"""\bicon\(["']([\w-]+)["']""", path.read_text()))
    used |= set(re.findall(r'Words\(\s*"([\w-]+)"', (web / "story.py").read_text()))
    used |= set(re.findall(r'page", "\w+", "([\w-]+)"', (web / "app.py").read_text()))
    assert used - sprite == set()


def test_nothing_in_the_pages_comes_from_elsewhere() -> None:
    web = VENDOR.parents[1]
    for path in (
        *web.rglob("templates/*.html"),
        *web.glob("static/js/*.js"),
        *web.glob("static/css/*"),
    ):
        text = path.read_text().replace("http://www.w3.org/", "")
        assert "//cdn" not in text and "http://" not in text and "https://" not in text, path.name


# ---- the application ----------------------------------------------------------------


def test_the_configuration_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "server.toml"
    config.write_text(f'[server]\nname = "From a file"\ndata_dir = "{tmp_path}"\n')
    monkeypatch.setenv("MEDIASERVER_CONFIG", str(config))
    app = create_app()
    assert "From a file" in app.test_client().get("/login").text
    config.write_text("[server]\nnane = 1\n")
    with pytest.raises(ConfigError, match="nane"):
        create_app()


def test_making_the_application_starts_nothing(world: World) -> None:
    app = create_app(world.settings)
    assert app.test_client().get("/healthz").json == {"console": True, "daemon": False}
    assert app.extensions["gateway"]._thread is None


def test_a_large_request_is_refused(enter: Enter) -> None:
    answer = enter("root").post("/language/en", data={"csrf_token": "x" * 100_000})
    assert answer.status_code in (400, 413)
