"""The demo's scenario: N callers with choices, speech and endings of their own.

Everything is worked out from the caller's place in the row, so that a run can
be told beforehand and held against what was said.
"""

from __future__ import annotations

from mediaserver.lab.scenario import Answerer, Caller, RecordCheck, Scenario, Step

#: Recorded speech for the callers and for each agent, none of it said by the server itself.
CALLER_SPEECH = (
    "vm-intro",
    "conf-placeintoconf",
    "privacy-unident",
    "vm-nobodyavail",
    "priv-recordintro",
    "vm-instructions",
    "conf-getpin",
)
AGENTS = {
    "alice": ("FXS-1/1", "", "demo-thanks"),
    "bob": ("FXS-1/2", "", "vm-rec-busy"),
    "carol": ("FXS-1/3", "", "conf-onlyperson"),
    "dave": ("FXS-1/4", "", "vm-mailboxfull"),
    "erin": ("E1-2", "8101", "vm-tocallback"),
    "frank": ("E1-2", "8102", "followme/options"),
    "grace": ("E1-2", "8103", "vm-theperson"),
    "heidi": ("E1-2", "8104", "vm-advopts"),
}
QUEUES = {"1": "sales", "2": "support"}
NUMBERS = ("668800", "668801", "668808")
GREETING = "say:Welcome to the call centre."


def scenario(calls: int, at_once: int, first: int = 0) -> Scenario:
    """`calls` callers, never more than `at_once` together; `first` counts numbers on."""
    return Scenario(
        title=f"{calls} calls",
        limit_s=180.0 + 5.0 * calls,
        at_once=at_once,
        caller=tuple(_caller(place, first) for place in range(calls)),
        answerer=tuple(_answerer(name, place) for place, name in enumerate(AGENTS)),
    )


def _caller(place: int, first: int) -> Caller:
    choice = "12"[place % 2]
    hangs_up = place % 3 != 2  # every third caller lets the agent end the call
    speech = CALLER_SPEECH[place % len(CALLER_SPEECH)]
    ending = Step(hang_up=True) if hangs_up else Step(expect="released", within_s=60, cause=16)
    return Caller(
        name=f"caller {place + 1}",
        line="E1-1",
        number=f"{13800000001 + first + place}",
        display=f"Caller {place + 1}",
        to=NUMBERS[place % len(NUMBERS)],
        at_s=0.5 + 0.3 * place,
        steps=(
            Step(expect="answered", within_s=10),
            Step(hear=GREETING, within_s=10),
            Step(wait_s=0.5 + 0.7 * (place % 4)),
            Step(key=choice),
            Step(hear="music", within_s=60),
            Step(hear="partner", within_s=150),
            Step(wait_s=4.5),  # the agent's first words
            Step(say=speech),
            ending,
        ),
        record=RecordCheck(
            state="closed",
            flow="main",
            choice=choice,
            queue=QUEUES[choice],
            cause=16,
            cleared_by="caller" if hangs_up else "agent",
            recorded=True,
        ),
    )


def _answerer(name: str, place: int) -> Answerer:
    line, number, speech = AGENTS[name]
    return Answerer(
        name=name,
        line=line,
        number=number,
        ring_s=7.5 + 0.5 * (place % 3),  # long enough to hear the position and some music
        steps=(
            Step(wait_s=0.5),
            Step(say=speech),
            Step(wait_s=13, may_clear=True),
            Step(hang_up=True),
        ),
    )
