"""Chinese and English: nothing untranslated, nothing left over, and each person's own choice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import Flask

from mediaserver.cti.messages import ROLES
from mediaserver.cti.rows import AGENT_STATES, CALL_STATES, CHANNEL_STATES
from mediaserver.db import queries
from mediaserver.db.models import CALL_STATES as RECORD_STATES
from mediaserver.db.models import RECORDING_STATES
from mediaserver.ivr.flow import AnyNode, Node
from tests.web.conftest import Enter
from tests.web.page import Page, field
from tests.web.world import World
from web.i18n import CAUSES, WORDS

WEB = Path(__file__).parents[2] / "web"
CATALOGUE = WEB / "translations/zh/LC_MESSAGES/messages.po"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
#: What the server says by codes, and the console puts into words.
ELSEWHERE = ("mediaserver", "drivers")
KEYWORDS = dict.fromkeys(("_", "_l", "N_", "gettext", "lazy_gettext"))
NODES: tuple[type[Node], ...] = get_args(get_args(AnyNode)[0])
PLACES = re.compile(r"%\(\w+\)[-+.\d]*[a-z]|\{\w+\}|%%")


def said() -> set[str]:
    """Every sentence the sources say."""
    found = [
        each
        for place in (WEB, *(WEB.parent / each for each in ELSEWHERE))
        for each in extract_from_dir(place, METHODS, keywords=KEYWORDS)
    ]
    return {message for _file, _line, message, _comments, _context in found if message}


def chinese() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh")


def test_every_sentence_is_translated() -> None:
    known = {message.id for message in chinese() if message.id and message.string}
    assert said() - known == set()


def test_no_translation_is_left_over_or_doubtful() -> None:
    catalogue = chinese()
    assert {message.id for message in catalogue if message.id} - said() == set()
    assert not catalogue.obsolete
    assert not [message.id for message in catalogue if message.fuzzy and message.id]


def test_the_places_to_fill_are_the_same() -> None:
    for message in chinese():
        if message.id:
            theirs = sorted(PLACES.findall(message.string))
            assert theirs == sorted(PLACES.findall(message.id)), message.id


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = {message.id: message.string for message in read_mo(file) if message.id}
    assert compiled == {message.id: message.string for message in chinese() if message.id}


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("call", (*CALL_STATES, *RECORD_STATES)),
        ("agent", AGENT_STATES),
        ("channel", CHANNEL_STATES),
        ("role", ROLES),
        ("recording", RECORDING_STATES),
        ("node", [get_args(kind.model_fields["kind"].annotation)[0] for kind in NODES]),
    ],
)
def test_every_code_has_a_word(kind: str, codes: tuple[str, ...]) -> None:
    assert set(codes) <= set(WORDS[kind])


def test_the_causes_a_switch_gives_most_have_words() -> None:
    assert {1, 16, 17, 18, 19, 21, 27, 31, 34, 38, 41, 102} <= set(CAUSES)


def test_every_sentence_the_scripts_say_is_given_to_them(app: Flask) -> None:
    from web.i18n import script_words

    with app.test_request_context():
        given = script_words()["text"]
    assert isinstance(given, dict)
    used = set()
    for script in (WEB / "static/js").glob("*.js"):
        text = script.read_text()
        used |= set(re.findall(r'\bt\("(\w+)"', text))
    indirect = {
        "d_channel",
        "cas",
        "live",
        "lost",
        "connecting",
        "answered",
        "abandoned",
        "overflowed",
    }
    assert (used | indirect) - set(given) == set()
    assert set(given) - (used | indirect) == set()


@pytest.mark.parametrize(
    ("asked", "word"), [("zh-CN,zh;q=0.9", "登录"), ("en-GB", "Sign in"), ("fr", "Sign in")]
)
def test_a_stranger_is_spoken_to_in_the_browsers_language(
    asked: str, word: str, app: Flask
) -> None:
    page = app.test_client().get("/login", headers={"Accept-Language": asked}).text
    assert f"<title>{word}" in page
    assert Page(page).all("html")[0]["lang"].startswith("zh" if word == "登录" else "en")


def test_a_choice_is_kept_with_the_account(app: Flask, enter: Enter, world: World) -> None:
    client = enter("bob")
    csrf = field(client.get("/board").text, "csrf_token")
    answer = client.post("/language/zh", data={"csrf_token": csrf, "next": "/calls?number=1"})
    assert answer.location == "/calls?number=1"
    assert "<title>通话" in client.get("/calls").text
    assert "<title>通话" in enter("bob").get("/calls").text  # another day
    assert "<title>Calls" in enter("alice").get("/calls").text
    with queries.session(world.settings.database.url) as session:
        user = queries.get_user(session, "bob")
        assert user is not None and user.language == "zh"
        user.language = ""


def test_a_stranger_may_choose_too(app: Flask) -> None:
    client = app.test_client()
    csrf = field(client.get("/login").text, "csrf_token")
    answer = client.post("/language/zh", data={"csrf_token": csrf, "next": "//evil.example"})
    assert answer.location == "/login"
    assert "<title>登录" in client.get("/login").text


def test_there_is_no_third_language(enter: Enter) -> None:
    client = enter("sue")
    csrf = field(client.get("/board").text, "csrf_token")
    assert client.post("/language/xx", data={"csrf_token": csrf}).status_code == 404
