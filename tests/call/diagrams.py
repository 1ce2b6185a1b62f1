"""The page of state diagrams: `python -m tests.call.diagrams > docs/states.md` draws it anew."""

from __future__ import annotations

from drivers.signalling.analog import fxo, fxs, hook
from drivers.signalling.em import trunk
from drivers.signalling.mfcr2 import backward, forward, line
from mediaserver.acd import agent
from mediaserver.call import call, leg

PAGES = (
    ("Leg", "One party's connection (mediaserver/call/leg.py).", leg.TABLE),
    ("Call", "A caller's time with us (mediaserver/call/call.py).", call.TABLE),
    ("Agent", "An agent on the server (mediaserver/acd/agent.py).", agent.TABLE),
    (
        "Telephone",
        "A port we feed (drivers/signalling/analog/fxs.py).",
        fxs.TABLE,
    ),
    (
        "Telephone's hook",
        "What a loop's openings and closings mean (drivers/signalling/analog/hook.py).",
        hook.TABLE,
    ),
    (
        "Exchange line",
        "A port on which we are the telephone (drivers/signalling/analog/fxo.py).",
        fxo.TABLE,
    ),
    (
        "E&M trunk",
        "One circuit of a tie line (drivers/signalling/em/trunk.py).",
        trunk.TABLE,
    ),
    (
        "R2 line",
        "The line signals of one MFC/R2 circuit, both ways (drivers/signalling/mfcr2/line.py).",
        line.TABLE,
    ),
    (
        "R2 outgoing register",
        "What sends the numbers of a call of ours (drivers/signalling/mfcr2/forward.py).",
        forward.TABLE,
    ),
    (
        "R2 incoming register",
        "What asks for the numbers of a call of theirs (drivers/signalling/mfcr2/backward.py).",
        backward.TABLE,
    ),
)


def page() -> str:
    """The whole page, drawn from the tables."""
    parts = ["# State tables\n\nDrawn from the code's own tables; a test keeps them the same.\n"]
    for title, about, table in PAGES:
        parts.append(f"## {title}\n\n{about}\n\n```mermaid\n{table.diagram()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    print(page(), end="")
