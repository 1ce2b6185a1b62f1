"""Call waiting in the whole server: who hears whom, what is recorded, how each call ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import soundfile
from sqlalchemy import select

from mediaserver import events as ev
from mediaserver.db import queries
from mediaserver.db.models import RecordingRow
from mediaserver.lab import speech
from mediaserver.lab.plant import Plant
from mediaserver.lab.scenario import SHIPPED, Answerer, Caller, Step, load
from tests.app.plants import calls, needs_sounds, perform, running, story, virtually

pytestmark = needs_sounds

TO_BERT, TO_CLEO, FROM_CLEO = "vm-intro", "vm-rec-busy", "conf-getpin"

SETTINGS: dict[str, Any] = {
    "agent": [],
    "queue": [],
    "board": [
        {
            "name": "virtual",
            "span": [
                {"name": "E1-1", "kind": "e1"},
                {"name": "E1-2", "kind": "e1", "side": "network"},
                {"name": "FXS-1", "kind": "fxs", "analog": {"call_waiting": True}},
            ],
        }
    ],
    "extension": [
        {"number": "201", "display": "Anna", "line": "FXS-1/1"},
        {"number": "202", "display": "Bert", "line": "FXS-1/2"},
        {"number": "301", "display": "Bert's PBX", "trunk": "pbx"},
    ],
    "route": [{"called": "6688XXX", "extension": "dialled", "strip": 4}],
}


def anna(*steps: Step, number: str = "202") -> Caller:
    """She calls Bert and then does `steps`."""
    dials = (Step(hear="tone:dial", within_s=3), Step(key=number), Step(hear="demo-thanks"))
    return Caller(name="anna", line="FXS-1/1", number="201", steps=(*dials, *steps))


def bert(*steps: Step, line: str = "FXS-1/2") -> Answerer:
    first = (Step(say="demo-thanks"),)
    ends = steps or (Step(expect="released", within_s=100),)
    return Answerer(name="bert", line=line, ring_s=1, steps=(*first, *ends))


def cleo(*steps: Step, at_s: float = 14, to: str = "6688201") -> Caller:
    """She calls Anna from outside while Anna talks to Bert."""
    who = {"name": "cleo", "number": "13800000001", "display": "Cleo"}
    return Caller(line="E1-1", to=to, at_s=at_s, steps=steps, **who)


def recorded(plant: Plant, number: str) -> Path:
    with queries.session(plant.settings.database.url) as session:
        call_id = calls(plant)[number].id
        row = session.scalars(select(RecordingRow).where(RecordingRow.call_id == call_id)).one()
        assert row.state == "closed" and row.lost_octets == 0
        return Path(plant.settings.recording.directory) / row.path


def kinds(plant: Plant, number: str) -> list[str]:
    return [row.kind for row in story(plant, calls(plant)[number].id)]


def test_what_is_said_to_somebody_else_is_in_no_others_recording(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SETTINGS) as plant:
            await perform(
                plant,
                anna(
                    Step(say=TO_BERT),
                    Step(shows="13800000001 Cleo", within_s=30),
                    Step(flash=True),
                    Step(hear=FROM_CLEO, within_s=20),
                    Step(say=TO_CLEO),
                    Step(flash=True),
                    Step(wait_s=3),
                    Step(say=TO_BERT),
                    Step(hang_up=True),
                ),
                cleo(
                    Step(expect="answered", within_s=30),
                    Step(say=FROM_CLEO),
                    Step(hear=TO_CLEO, within_s=20),
                    Step(hear="music", within_s=20),
                    Step(wait_s=15),
                    Step(hang_up=True),
                ),
                answerers=(bert(), Answerer(name="rung back", line="FXS-1/1", behaviour="never")),
            )
            spoken = {n: (await plant.app.prompts.load(n)).samples for n in (TO_CLEO, TO_BERT)}
            from_anna, to_anna = speech.channels(recorded(plant, "201"))
            _, to_cleo = speech.channels(recorded(plant, "13800000001"))
            theirs = (await plant.app.prompts.load(FROM_CLEO)).samples
            seconds = soundfile.info(recorded(plant, "201")).duration
            talked = (calls(plant)["201"].talk_ms) / 1000
        assert speech.match(from_anna, spoken[TO_BERT]).whole
        assert speech.match(to_cleo, spoken[TO_CLEO]).whole
        assert speech.match(from_anna, spoken[TO_CLEO]).found == 0
        assert speech.match(to_anna, theirs).found == 0
        assert seconds < talked - 4, "the time on hold is left out"

    virtually(work)


def test_hold_and_return_are_in_the_story_and_a_held_caller_may_go(tmp_path: Path) -> None:
    hears = (Step(hear=TO_BERT, within_s=60), Step(expect="released", within_s=30))

    async def work() -> None:
        async with running(tmp_path, **SETTINGS) as plant:
            told: list[ev.Event] = []
            plant.bus.subscribe(ev.Held, told.append)
            await perform(
                plant,
                anna(
                    Step(shows="13800000001 Cleo", within_s=30),
                    Step(flash=True),
                    Step(wait_s=2),
                    Step(flash=True),
                    Step(wait_s=8),
                    Step(say=TO_BERT),
                    Step(wait_s=1),
                    Step(hang_up=True),
                ),
                cleo(Step(expect="answered", within_s=30), Step(hear="music"), Step(hang_up=True)),
                answerers=(bert(*hears),),
            )
            own, other = kinds(plant, "201"), kinds(plant, "13800000001")
        assert own.count("Held") == own.count("Retrieved") == 1 and other.count("Held") == 1
        assert [(event.line, event.party) for event in told] == [  # type: ignore[attr-defined]
            ("FXS-1/1", "201"),
            ("FXS-1/1", "201"),
        ]

    virtually(work)


def taking_cleo(number: str) -> tuple[Caller, Caller]:
    """Anna dials a number, takes Cleo's call, and hears her and nothing else."""
    steps = (
        Step(shows="13800000001 Cleo", within_s=30),
        Step(flash=True),
        Step(hear=FROM_CLEO, within_s=20),
        Step(wait_s=5),
        Step(hear="silence", within_s=8),
        Step(expect="released", within_s=30),
    )
    says = (Step(expect="answered", within_s=30), Step(say=FROM_CLEO), Step(wait_s=15))
    return anna(*steps, number=number), cleo(*says, Step(hang_up=True))


def test_the_other_party_goes_while_the_caller_holds(tmp_path: Path) -> None:
    """Anna's telephone is Cleo's then: nothing of the call that is over is heard on it."""
    goes = (Step(hear="music", within_s=40), Step(hang_up=True, cause=41))

    async def work() -> None:
        async with running(tmp_path, **SETTINGS) as plant:
            await perform(plant, *taking_cleo("301"), answerers=(bert(*goes, line="E1-2"),))
            rows = calls(plant)
            assert rows["201"].ended_utc < rows["13800000001"].ended_utc
            (slot, *_) = plant.app.lines.slots("FXS-1")
            assert slot.leg is slot.second is None and slot.shown in ("idle", "blocked")

    virtually(work)


def test_a_flow_does_not_go_on_for_a_caller_who_holds(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "desk.toml").write_text(
        'name = "desk"\nstart = "d"\n[node.d]\nkind = "dial"\nextension = "301"\nnext = "bye"\n'
        '[node.bye]\nkind = "play"\nprompts = ["vm-intro"]\n'
    )
    route = {"route": [{"called": "9", "flow": "desk"}, *SETTINGS["route"]]}
    over = {**SETTINGS, **route, "flows": {"directory": tmp_path / "flows"}}
    goes = (Step(hear="music", within_s=40), Step(hang_up=True))

    async def work() -> None:
        async with running(tmp_path, **over) as plant:
            await perform(plant, *taking_cleo("9"), answerers=(bert(*goes, line="E1-2"),))
            assert "PromptPlayed" not in kinds(plant, "201")

    virtually(work)


def test_a_flash_while_the_end_of_a_call_is_told_takes_who_waits(tmp_path: Path) -> None:
    """Bert's line fails as Cleo waits: Anna hears the tone for that, and then Cleo alone."""
    fails = (Step(wait_s=8), Step(hang_up=True, cause=41))
    took, comes = taking_cleo("301")
    hears = (*took.steps[:4], Step(hear="tone:congestion", within_s=20), *took.steps[4:])

    async def work() -> None:
        async with running(tmp_path, **SETTINGS) as plant:
            await perform(
                plant,
                took.model_copy(update={"steps": hears}),
                comes,
                answerers=(bert(*fails, line="E1-2"),),
            )
            rows = calls(plant)
            told = story(plant, rows["201"].id)
            at = {row.data.get("new", row.kind): row.media_ms for row in told}
            assert at["released"] == at["Held"], "there is nothing to come back to"
            assert rows["201"].cause == 41 and rows["13800000001"].cause == 16

    virtually(work)


def test_silence_ends_the_call_in_talk_and_not_the_one_that_is_held(tmp_path: Path) -> None:
    """Anna takes Cleo and lays the telephone aside: what she does not say is not for Bert."""
    silence = {"call_waiting": True, "disconnect": ["silence"], "silence_s": 12}
    board = [dict(SETTINGS["board"][0])]
    board[0]["span"] = [*board[0]["span"][:2], {"name": "FXS-1", "kind": "fxs", "analog": silence}]
    takes = (
        Step(shows="13800000001 Cleo", within_s=30),
        Step(flash=True),
        Step(say=TO_CLEO),
        Step(hear="tone:busy", within_s=30),
        Step(flash=True),
        Step(say=TO_BERT),
        Step(hang_up=True),
    )
    says = (Step(expect="answered", within_s=30), Step(expect="released", within_s=20))

    async def work() -> None:
        async with running(tmp_path, **{**SETTINGS, "board": board}) as plant:
            await perform(
                plant,
                anna(*takes, number="301"),
                cleo(*says, at_s=8),
                answerers=(bert(Step(hear=TO_BERT, within_s=60), line="E1-2"),),
            )
            rows = calls(plant)
            assert rows["13800000001"].cleared_by == "party" and rows["201"].cause == 16
            assert rows["13800000001"].ended_utc < rows["201"].ended_utc

    virtually(work)


def test_nobody_takes_the_call_that_waits(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SETTINGS) as plant:
            await perform(
                plant,
                anna(Step(wait_s=60), Step(hang_up=True)),
                cleo(Step(expect="released", within_s=60, cause=19)),
                answerers=(bert(),),
            )
            assert calls(plant)["13800000001"].answered_utc is None

    virtually(work)


def test_a_third_call_finds_the_telephone_busy(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SETTINGS) as plant:
            third = Caller(
                name="dora",
                line="E1-1",
                number="13800000002",
                to="6688201",
                at_s=18,
                steps=(Step(expect="released", cause=17),),
            )
            await perform(
                plant,
                anna(Step(wait_s=20), Step(hang_up=True)),
                cleo(Step(wait_s=10), Step(hang_up=True)),
                third,
                answerers=(bert(), Answerer(name="rung", line="FXS-1/1", behaviour="never")),
            )

    virtually(work)


def queue_only(tmp_path: Path) -> dict[str, Any]:
    """Anna is the agent of a queue, Bert's extension is behind no queue."""
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "sales.toml").write_text(
        'name = "sales"\nstart = "q"\n[node.q]\nkind = "queue"\nqueue = "sales"\n'
    )
    return {
        **SETTINGS,
        "agent": [{"name": "anna", "display": "Anna", "number": "201", "line": "FXS-1/1"}],
        "queue": [{"name": "sales", "agents": ["anna"]}],
        "extension": SETTINGS["extension"][1:],
        "route": [{"called": "668800", "flow": "sales"}, *SETTINGS["route"]],
        "flows": {"directory": tmp_path / "flows"},
    }


def test_a_queue_lets_no_call_wait_at_an_agent_in_talk(tmp_path: Path) -> None:
    over = queue_only(tmp_path)

    async def work() -> None:
        async with running(tmp_path, **over) as plant:
            offers: list[ev.Event] = []
            plant.bus.subscribe(ev.AgentOffered, offers.append)
            await perform(
                plant,
                anna(Step(wait_s=15), Step(hang_up=True)),
                cleo(Step(wait_s=6), Step(hang_up=True), to="668800"),
                answerers=(bert(),),
            )
            assert offers == [] and kinds(plant, "13800000001").count("Queued") == 1

    virtually(work)


def test_an_agent_stays_in_talk_until_both_calls_are_over(tmp_path: Path) -> None:
    over = queue_only(tmp_path)
    rung_back = Answerer(
        name="anna, rung back",
        line="FXS-1/1",
        ring_s=1,
        steps=(Step(wait_s=4), Step(hang_up=True)),
    )

    async def work() -> None:
        async with running(tmp_path, **over) as plant:
            states: list[tuple[str, str]] = []
            plant.bus.subscribe(ev.AgentChanged, lambda e: states.append((e.new, e.call_id or "")))
            await perform(
                plant,
                anna(Step(shows="13800000001 Cleo", within_s=30), Step(hang_up=True)),
                cleo(Step(expect="answered", within_s=40), Step(expect="released", within_s=20)),
                answerers=(bert(), rung_back),
            )
            own, other = (calls(plant)[n].id for n in ("201", "13800000001"))
            told = [state for state in states if state[0] in ("talking", "ready")]
        assert told[-4:] == [("talking", own), ("ready", ""), ("talking", other), ("ready", "")]

    virtually(work)


def test_a_telephone_that_waits_in_a_queue_is_busy(tmp_path: Path) -> None:
    """It is in talk with nobody: a flash would have nobody to hold."""
    over = queue_only(tmp_path)

    async def work() -> None:
        async with running(tmp_path, **over) as plant:
            keys = (Step(hear="tone:dial", within_s=3), Step(key="668800"), Step(hear="music"))
            await perform(
                plant,
                Caller(
                    name="bert",
                    line="FXS-1/2",
                    number="202",
                    steps=(*keys, Step(wait_s=20), Step(hang_up=True)),
                ),
                cleo(Step(expect="released", cause=17), to="6688202"),
                answerers=(Answerer(name="anna", line="FXS-1/1", behaviour="never"),),
            )

    virtually(work)


def test_both_calls_end_as_the_server_stops(tmp_path: Path) -> None:
    async def work() -> None:
        async with running(tmp_path, **SETTINGS) as plant:
            acting = asyncio.ensure_future(
                perform(
                    plant,
                    anna(
                        Step(shows="13800000001 Cleo", within_s=30),
                        Step(flash=True),
                        Step(wait_s=60, may_clear=True),
                    ),
                    cleo(Step(wait_s=60, may_clear=True)),
                    answerers=(bert(),),
                    judged=("exchange",),
                )
            )
            await asyncio.sleep(22)
        acting.cancel()
        rows = calls(plant)
        assert {rows[n].detail for n in ("201", "13800000001")} == {"shutdown"}

    virtually(work)


def test_what_the_exchange_says_of_a_waiting_call_is_in_the_agents_call(tmp_path: Path) -> None:
    scenario = load(SHIPPED / "line-call-waiting.toml")

    async def work() -> None:
        async with running(tmp_path, **scenario.settings) as plant:
            await perform(plant, *scenario.caller, answerers=scenario.answerer)
            (row,) = calls(plant).values()
            told = [r.data for r in story(plant, row.id) if r.kind == "LineTold"]
        assert [(d["line"], d["what"], d["text"]) for d in told] == [
            ("FXO-1/1", "waiting", "13800000002 Beate"),
            ("FXO-1/1", "flashed", ""),
            ("FXO-1/1", "flashed", ""),
        ]

    virtually(work)
