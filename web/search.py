"""What people ask of a list: number, time, agent, queue, page. Read from the query string.

Times are the console's wall clock, as shown in the lists. A value that makes no
sense is reported, never guessed at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import request, url_for
from flask_babel import gettext as _

from mediaserver.db.queries import Page

PAGE = 50
_DEEPEST = 1_000_000


@dataclass(slots=True)
class Search:
    """What was asked for; `wrong` names what could not be understood."""

    number: str = ""
    since: datetime | None = None
    until: datetime | None = None
    agent: str = ""
    queue: str = ""
    offset: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def asked(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.number or self.since or self.until or self.agent or self.queue)


def neighbours(page: Page[Any]) -> tuple[str, str]:
    """URLs of the pages before and after, "" where there is none."""
    before = _url(max(0, page.offset - PAGE)) if page.offset else ""
    return before, _url(page.offset + PAGE) if page.more else ""


def _url(offset: int) -> str:
    values: dict[str, Any] = {k: v for k, v in request.args.items() if v and k != "offset"}
    if offset:
        values["offset"] = offset
    return url_for(request.endpoint or "", **values)


def read_search() -> Search:
    """The request's query string as a search."""
    args = request.args
    search = Search(
        number="".join(c for c in args.get("number", "")[:64] if c in "0123456789*#+"),
        agent=args.get("agent", "")[:64],
        queue=args.get("queue", "")[:64],
    )
    if args.get("number", "").strip() and not search.number:
        search.wrong.append(_("“%(text)s” is not a number.", text=args["number"][:32]))
    search.since = _time(args.get("since", ""), search)
    search.until = _time(args.get("until", ""), search)
    offset = args.get("offset", "0")
    if offset.isascii() and offset.isdigit():
        search.offset = min(int(offset[:9]), _DEEPEST)
    return search


def _time(text: str, search: Search) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone()  # without a zone: the console's own
    except (ValueError, OverflowError, OSError):
        search.wrong.append(_("“%(text)s” is not a time.", text=text[:32]))
        return None
