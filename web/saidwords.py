"""What the media server says by codes and values, in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask
from flask_babel import gettext as _

from mediaserver.cti.messages import CtiError
from mediaserver.cti.sentences import worded


def said_words(said: Mapping[str, Any] | None, text: str) -> str:
    """A sentence in the page's language; one this console does not know, as the server says it."""
    try:
        return worded(said, _) or text
    except (KeyError, TypeError, ValueError):
        return text


def trace_row(row: dict[str, Any]) -> dict[str, Any]:
    """An entry of a span's trace, its words in the page's language."""
    said = row.get("said") or {}
    told = {name: said_words(said.get(name), row[name]) for name in ("title", "link", "fault")}
    return row | told | {"elements": [_element(each) for each in row["elements"]]}


def _element(element: dict[str, Any]) -> dict[str, str]:
    said = element.get("said") or {}
    return {name: said_words(said.get(name), element[name]) for name in ("name", "text")}


def refusal(error: CtiError) -> str:
    """Why the media server refuses, and what to do about it."""
    why, advice = said_words(error.said, error.message), said_words(error.advice, error.hint)
    return str(_("%(why)s. %(advice)s", why=why, advice=advice)) if advice else why


def init(app: Flask) -> None:
    """For the templates."""
    app.jinja_env.globals.update(said_words=said_words)
