"""What one key says about another: names that must exist, and must not exist twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mediaserver.config import nfas, trunks
from mediaserver.config.cesopsn import address
from mediaserver.config.problems import Problem, Where, did_you_mean
from mediaserver.config.settings import Phone, Settings


def cross_check(settings: Settings) -> list[Problem]:
    """Every contradiction between keys; empty when there is none."""
    checks = (_twice, _references, _ports, _echo, _clocks, nfas.check, trunks.check)
    return [problem for check in checks for problem in check(settings)]


def _twice(settings: Settings) -> Iterator[Problem]:
    boards, agents = settings.boards, settings.agents
    tables: list[list[tuple[Where, str]]] = [
        [(("board", i, "name"), b.name) for i, b in enumerate(boards)],
        [
            (("board", i, "span", j, "name"), s.name)
            for i, b in enumerate(boards)
            for j, s in enumerate(b.spans)
        ],
        [(("trunk_group", i, "name"), t.name) for i, t in enumerate(settings.trunk_groups)],
        [(("queue", i, "name"), q.name) for i, q in enumerate(settings.queues)],
        [(("agent", i, "name"), a.name) for i, a in enumerate(agents)],
        [((*where, "number"), phone.number) for where, phone in _phones(settings)],
        [((*where, "line"), phone.line) for where, phone in _phones(settings) if phone.line],
        list(_listening(settings)),
    ]
    for rows in tables:
        first: dict[str, Where] = {}
        for where, name in rows:
            if name in first:
                yield Problem(where, f"is {Problem(first[name], '').key} already", name)
            first.setdefault(name, where)


def _listening(settings: Settings) -> Iterator[tuple[Where, str]]:
    """Where spans over IP listen; those whose far end is ours, at their other end too."""
    for i, board in enumerate(settings.boards):
        for j, span in enumerate(board.spans):
            for key in ("local", "remote") if span.far else ("local",):
                if text := getattr(span, key):
                    yield ("board", i, "span", j, key), "{}:{}".format(*address(text))


def _clocks(settings: Settings) -> Iterator[Problem]:
    """One line at most may be the engine's clock."""
    found: list[Where] = [
        ("board", i, "span", j, "clock")
        for i, board in enumerate(settings.boards)
        for j, span in enumerate(board.spans)
        if span.clock == "line"
    ]
    for where in found[1:]:
        yield Problem(where, f"is that of {Problem(found[0], '').key} already", "line")
    if found and any(board.type == "dahdi" for board in settings.boards):
        yield Problem(found[0], "a board of type dahdi is the engine's clock already", "line")


def _references(settings: Settings) -> Iterator[Problem]:
    spans = [s.name for s in settings.spans()]
    groups = [t.name for t in settings.trunk_groups]
    agents = list(dict.fromkeys(a.name for a in settings.agents))
    for i, group in enumerate(settings.trunk_groups):
        where: Where = ("trunk_group", i, "spans")
        yield from _known("span", where, group.spans, spans)
        if group.then and group.then not in groups:
            yield _unknown("trunk group", ("trunk_group", i, "then"), group.then, groups)
    for i, queue in enumerate(settings.queues):
        yield from _known("agent", ("queue", i, "agents"), queue.agents, agents)
    for where, phone in _phones(settings):
        if phone.trunk and phone.trunk not in groups:
            yield _unknown("trunk group", (*where, "trunk"), phone.trunk, groups)
        if phone.line:
            yield from _port(settings, (*where, "line"), phone.line)
    numbers = [phone.number for phone in settings.phones()]
    for i, route in enumerate(settings.routes):
        for key, name in (("trunk", route.trunk), ("out", route.out)):
            if name and name not in groups:
                yield _unknown("trunk group", ("route", i, key), name, groups)
        if route.agent and route.agent not in agents:
            yield _unknown("agent", ("route", i, "agent"), route.agent, agents)
        if route.extension not in ("", "dialled", *numbers):
            yield _unknown("extension", ("route", i, "extension"), route.extension, numbers)


def _phones(settings: Settings) -> Iterator[tuple[Where, Phone]]:
    yield from ((("agent", i), each) for i, each in enumerate(settings.agents))
    yield from ((("extension", i), each) for i, each in enumerate(settings.extensions))


def _known(what: str, where: Where, given: Iterable[str], allowed: list[str]) -> Iterator[Problem]:
    for i, name in enumerate(given):
        if name not in allowed:
            yield _unknown(what, (*where, i), name, allowed)


def _unknown(what: str, where: Where, given: str, allowed: list[str]) -> Problem:
    return Problem(where, f"there is no such {what}; {did_you_mean(given, allowed)}", given)


def _port(settings: Settings, where: Where, line: str) -> Iterator[Problem]:
    phones = {s.name: s for s in settings.spans() if s.kind == "fxs"}
    name, slash, port = line.rpartition("/")
    if not slash or not port.isdecimal():
        yield Problem(where, 'must be an FXS span and a port, such as "FXS-1/3"', line)
    elif name not in phones:
        yield _unknown("FXS span", where, line, list(phones))
    elif int(port) not in phones[name].numbers:
        last = phones[name].numbers[-1]
        yield Problem(where, f"span {name} has ports 1 to {last}", line)


def _ports(settings: Settings) -> Iterator[Problem]:
    cti, web = settings.cti, settings.web
    if cti.port and (cti.host, cti.port) == (web.host, web.port):
        yield Problem(("web", "port"), "is the port of [cti] too; give them two", web.port)


def _echo(settings: Settings) -> Iterator[Problem]:
    """Asked for where it cannot be; where it would only be the default it is left out."""
    if settings.media.can_cancel:
        return
    for i, board in enumerate(settings.boards):
        for j, span in enumerate(board.spans):
            if span.echo:
                where: Where = ("board", i, "span", j, "echo")
                block = settings.media.block_ms
                yield Problem(
                    where, f"needs [media] block_ms of 10 or 20, which is {block}", span.echo
                )
