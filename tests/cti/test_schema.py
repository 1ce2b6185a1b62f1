"""The published schema and tables are current, and what the server sends obeys them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from mediaserver import events as ev
from mediaserver.cti import schema
from mediaserver.cti.methods import METHODS
from tests.cti.rig import rig, run


def test_docs_are_current() -> None:
    for path, text in schema.documents().items():
        assert path.read_text() == text, f"{path}: run python -m mediaserver.cti.schema"


def test_check_finds_a_stale_file(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    page = (schema.DOCS / "cti.md").read_text()
    (tmp_path / "cti.md").write_text(page.replace("`hangup`", "`hang_up`"))
    monkeypatch.setattr(schema, "DOCS", tmp_path)
    assert schema.main(["--check"]) == 1
    assert "run python -m mediaserver.cti.schema" in capsys.readouterr().err
    assert schema.main([]) == 0
    assert (tmp_path / "cti.md").read_text() == page
    assert schema.main(["--check"]) == 0


def test_every_method_is_described() -> None:
    made = schema.schema()
    assert set(made["methods"]) == set(METHODS)
    for method in made["methods"].values():
        assert method["params"]["$ref"].removeprefix("#/$defs/") in made["$defs"]
    jsonschema.Draft202012Validator.check_schema(made)


def test_what_the_server_sends_obeys_the_schema(tmp_path: Path) -> None:
    made = json.loads((schema.DOCS / "cti.schema.json").read_text())
    whole = jsonschema.Draft202012Validator(made)
    shape = jsonschema.Draft202012Validator({"$ref": "#/$defs/Snapshot", "$defs": made["$defs"]})

    async def work() -> None:
        async with rig(tmp_path, heartbeat_s=0.02) as r:
            client = await r.admin()
            await client.ask("subscribe")
            r.offer("c1", "李雷")
            r.publish(ev.Queued, call_id="c1", queue="sales", position=1)
            r.publish(ev.ChannelChanged, span="E1-1", channel=3, state="busy", call_id="c1")
            r.publish(ev.AgentChanged, agent="bob", old="", new="ready", reason="", call_id=None)
            r.publish(ev.SpanChanged, span="E1-1", up=True, alarms=("red",))
            r.publish(ev.SystemAlarm, name="disk", active=True, text="full")
            r.publish(ev.SystemAlarm, name="disk", active=False, text="")
            r.publish(ev.RecordingStarted, call_id="c1", recording_id="r", path="p")
            snapshot = await client.ask("snapshot")
            shape.validate(snapshot["result"])
            r.publish(ev.CallEnded, call_id="c1", cause=16, cleared_by="caller")
            lines = [snapshot, await client.ask("ping"), await client.ask("nonsense")]
            lines += [await client.event() for _ in range(10)]
            for line in lines:
                whole.validate(line)
            assert {"Heartbeat", "CallCleared"} <= {m.get("event") for m in lines}

    run(work)


def test_schema_refuses_what_is_wrong() -> None:
    whole = jsonschema.Draft202012Validator(schema.schema())
    assert whole.is_valid({"v": 1, "id": 1, "method": "ping"})
    assert not whole.is_valid({"v": 1, "method": "ping"})
    assert not whole.is_valid({"v": 1, "id": 1, "ok": True, "error": {}})
