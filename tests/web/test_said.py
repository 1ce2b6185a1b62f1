"""What the media server says by codes: worded in each language, to the last value of a table."""

from __future__ import annotations

from html import unescape
from itertools import chain
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.said import as_data
from drivers.signalling.pri.q931_values import TABLES
from drivers.signalling.pri.trace import decode
from mediaserver.cti.messages import CtiError
from mediaserver.cti.sentences import FAMILIES, SENTENCES, worded
from tests.web.conftest import Enter
from tests.web.daemon import LONG
from tests.web.page import field
from web.saidwords import refusal, trace_row

CATALOGUE = Path(__file__).parents[2] / "web/translations/zh/LC_MESSAGES/messages.po"
with CATALOGUE.open("rb") as file:
    CHINESE = {m.id: m.string for m in read_po(file, locale="zh") if m.id and m.string}

#: A message with one element follows.
HEAD = bytes.fromhex("000102040802000105")


def test_every_sentence_has_a_chinese_one() -> None:
    assert [code for code, text in SENTENCES.items() if text not in CHINESE] == []


def test_no_code_means_two_things() -> None:
    assert len(SENTENCES) == sum(len(family) for family in FAMILIES)


@pytest.mark.parametrize("table", TABLES)
def test_values_that_differ_differ_in_chinese_too(table: str) -> None:
    texts = set(TABLES[table].values())
    assert len({CHINESE[text] for text in texts}) == len(texts)


@given(
    st.one_of(
        st.binary(max_size=40),
        st.builds(
            lambda kind, content: HEAD + bytes((kind, len(content))) + content,
            st.integers(0, 255),
            st.binary(max_size=30),
        ),
    )
)
@settings(max_examples=400, deadline=None)
def test_whatever_is_decoded_can_be_said_in_chinese(frame: bytes) -> None:
    told = decode(frame)
    for each in (told.title, told.link, told.fault, *chain(*told.elements)):
        data = as_data(each)
        assert bool(worded(data, CHINESE.__getitem__)) == (data is not None)


def test_the_trace_is_worded_in_the_language_of_the_page(enter: Enter) -> None:
    client = enter("tech")
    english = client.get("/api/trace?span=E1-1").json["entries"][0]
    assert english["title"] == "SETUP" and english["elements"][0]["name"] == "bearer capability"
    client.get("/board")
    with client.session_transaction() as session:
        session["language"] = "zh"
    setup, release = client.get("/api/trace?span=E1-1").json["entries"]
    assert setup["title"] == "SETUP 建立" and release["title"] == "RELEASE COMPLETE 释放完成"
    assert {"name": "承载能力", "text": "语音，A 律"} in setup["elements"]
    assert {"name": "被叫号码", "text": "10086，ISDN"} in setup["elements"]
    assert release["elements"] == [{"name": "原因值", "text": "16 正常呼叫清除，来自用户"}]


REFUSALS = {
    "/lines/E1-9": "没有线路 'E1-9'。线路有：E1-1, E1-2, FXS-1, E1-3-",
    "/trace/E9.pcap": "没有线路 'E9'。线路有：E1-1, E1-2, FXS-1, E1-3-",
    "/api/trace?span=E1-1&before=x": "“before”必须是数字。",
}


@pytest.mark.parametrize("path", REFUSALS)
def test_a_refusal_is_worded_in_the_language_of_the_page(path: str, enter: Enter) -> None:
    client = enter("tech")
    english = unescape(client.get(path).text)
    assert REFUSALS[path] not in english
    assert "no span 'E" in english or "must be a number" in english
    with client.session_transaction() as session:
        session["language"] = "zh"
    assert REFUSALS[path] in unescape(client.get(path).text)


def test_a_call_that_has_gone_is_told_so_to_the_script(enter: Enter) -> None:
    client = enter("sue")
    csrf = {"X-CSRFToken": field(client.get("/board").text, "csrf_token")}
    with client.session_transaction() as session:
        session["language"] = "zh"
    answer = client.post("/api/calls/gone/hangup", headers=csrf)
    assert (answer.status_code, answer.text) == (404, "没有进行中的通话 'gone'。它可能刚刚结束")


def test_a_refusal_of_another_server_is_shown_as_it_says_it(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        older = CtiError.of_body({"code": "conflict", "message": "not now", "hint": "wait"})
        assert refusal(older) == "not now。wait"
        newer = CtiError("conflict", "not now")
        newer.said = {"code": "of.tomorrow", "values": {}}
        assert refusal(newer) == "not now"


def test_the_trace_of_a_channel_with_registers_is_worded_too(enter: Enter) -> None:
    client = enter("tech")
    with client.session_transaction() as session:
        session["language"] = "zh"
    rows = client.get(f"/api/trace?span={LONG}").json["entries"]
    assert [(row["direction"], row["title"]) for row in rows] == [
        ("in", "比特 00"),
        ("in", "前向 1 被叫号码 1"),
        ("out", "后向 1 请发下一位被叫号码"),
        ("", "被叫线路：忙"),
    ]


def test_an_entry_of_an_older_server_is_shown_as_it_says_it(enter: Enter) -> None:
    old = {"title": "SETUP", "link": "I", "fault": "", "elements": [{"name": "x", "text": "y"}]}
    newer = {"name": "x", "text": "y", "said": {"name": {"code": "of.tomorrow", "values": {}}}}
    assert trace_row(old) == old
    assert trace_row({**old, "elements": [newer]}) == old
