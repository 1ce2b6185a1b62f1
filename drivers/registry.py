"""Names → constructors of boards and signallings.

Registration is explicit: `register_board` and `register_signalling` here for
ours, by whoever brings another. A constructor's module is imported when its
name is first asked for, so that a missing library shows only where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from drivers.events import LineEvent

Maker = Callable[..., Any]
_boards: dict[str, Maker | str] = {}
_signallings: dict[str, Maker | str] = {}
_groups: dict[str, Maker | str] = {"nfas": "drivers.signalling.make:nfas"}


def register_board(name: str, maker: Maker | str) -> None:
    """`maker` is a callable, or "package.module:attribute"."""
    _boards[name] = maker


def register_signalling(name: str, maker: Maker | str) -> None:
    """As `register_board`; the maker takes (span, sink, **options)."""
    _signallings[name] = maker


def boards() -> list[str]:
    return sorted(_boards)


def signallings() -> list[str]:
    return sorted(_signallings)


def board(name: str, *args: Any, **options: Any) -> Any:
    """Make a board; "virtual" gives a (near, far) pair. ValueError names the known ones."""
    return _find("board", _boards, name)(*args, **options)


def signalling(
    name: str, span: Any, sink: Callable[[LineEvent], None] | None = None, **options: Any
) -> Any:
    """Make the signalling of a span; `sink` may also be set afterwards, before `start`."""
    return _find("signalling", _signallings, name)(span, sink or _nobody, **options)


def group(name: str, title: str, members: Sequence[Any], **options: Any) -> list[Any]:
    """The signallings of spans that have one in common, in the order of `members`.

    "nfas": members are (span, number of its interface, whether it has a D channel).
    """
    made: list[Any] = _find("group", _groups, name)(title, members, **options)
    return made


def _nobody(event: LineEvent) -> None:
    raise RuntimeError(f"a line event came before anybody listened: {event}")


def _find(what: str, known: dict[str, Maker | str], name: str) -> Maker:
    maker = known.get(name)
    if maker is None:
        raise ValueError(f"no {what} is called {name!r}; there are {', '.join(sorted(known))}")
    if isinstance(maker, str):
        module, _, attribute = maker.partition(":")
        maker = getattr(import_module(module), attribute)
        known[name] = maker
    return maker


register_board("virtual", "drivers.boards.virtual.board:make_pair")
register_board("dahdi", "drivers.boards.dahdi.board:make_board")
register_board("cesopsn", "drivers.boards.cesopsn.board:make_board")
register_signalling("pri", "drivers.signalling.make:pri")
register_signalling("mfcr2", "drivers.signalling.mfcr2.span:mfcr2")
register_signalling("em", "drivers.signalling.em:em")
register_signalling("analog", "drivers.signalling.analog:analog")
register_signalling("fxs", "drivers.signalling.analog:FxsSignalling")
register_signalling("fxo", "drivers.signalling.analog:FxoSignalling")
