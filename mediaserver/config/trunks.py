"""What trunk groups ask for that cannot be had."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mediaserver.config.problems import Problem, Where

if TYPE_CHECKING:
    from mediaserver.config.settings import NumberRule, Settings, TrunkGroup


def check(settings: Settings) -> Iterator[Problem]:
    """Groups that count a channel twice, keep all of them, follow themselves or eat numbers up."""
    channels = {span.name: len(span.numbers) for span in settings.spans()}
    for i, group in enumerate(settings.trunk_groups):
        where: Where = ("trunk_group", i)
        yield from _twice(group, where)
        yield from _kept(group, where, sum(channels.get(name, 0) for name in group.spans))
        if group.then == group.name:
            yield Problem((*where, "then"), "is this group itself", group.then)
        for j, rule in enumerate(group.rules):
            yield from _eaten(rule, (*where, "rule", j))


def _twice(group: TrunkGroup, where: Where) -> Iterator[Problem]:
    for i, name in enumerate(group.spans):
        if name in group.spans[:i]:
            yield Problem((*where, "spans", i), "is in the group already", name)


def _kept(group: TrunkGroup, where: Where, count: int) -> Iterator[Problem]:
    for key, calls in (("keep_for_incoming", "outgoing"), ("keep_for_outgoing", "incoming")):
        kept = getattr(group, key)
        if count and kept >= count:
            yield Problem((*where, key), f"leaves no {calls} call one of {count} channels", kept)


def _eaten(rule: NumberRule, where: Where) -> Iterator[Problem]:
    """Of a number as short as may be, no digits are left."""
    shortest = len(rule.match.rstrip("*"))
    if rule.strip > shortest:
        digits = "digit" if shortest == 1 else "digits"
        what = f'is more than "{rule.match}" may have: {shortest} {digits}'
        yield Problem((*where, "strip"), what, rule.strip)
