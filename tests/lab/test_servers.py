"""Further servers of a scenario: named ports agree, and one that fails is told with its log."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mediaserver.config.problems import ConfigError
from mediaserver.lab.perform import make_settings
from mediaserver.lab.scenario import ScenarioError, parse
from mediaserver.lab.servers import ServerProcesses

TWO = """
title = "t"
[settings]
trunk_group = []
agent = []
queue = []
route = []
[[settings.board]]
name = "ip"
type = "cesopsn"
span = [{ name = "E1-1", kind = "e1", local = "port:a", remote = "port:b" }]
[[server]]
name = "other"
[[server.settings.board]]
name = "ip"
type = "cesopsn"
span = [{ name = "E1-1", kind = "e1", side = "network", local = "port:b", remote = "port:a" }]
"""


def test_a_ports_name_is_the_same_port_in_every_server(tmp_path: Path) -> None:
    ours, others = make_settings(parse(TWO, "s"), tmp_path)
    span = others["other"]["board"][0]["span"][0]
    (own,) = ours.boards[0].spans
    assert (own.local, own.remote) == (span["remote"], span["local"])
    assert own.local != own.remote
    assert others["other"]["server"]["data_dir"] == str(tmp_path / "other")


def test_a_further_servers_settings_are_held_against_the_rules(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="local"):
        make_settings(parse(TWO.replace('"port:b", remote', '"nowhere", remote'), "s"), tmp_path)
    twice = TWO + '[[server]]\nname = "other"\nsettings = {}\n'
    with pytest.raises(ScenarioError, match="two servers have the same name"):
        parse(twice, "s")


@pytest.mark.process
def test_a_server_that_ends_by_itself_is_told_with_its_log(tmp_path: Path) -> None:
    async def work() -> dict[str, str]:
        servers = ServerProcesses({"other": {"bored": []}}, tmp_path)
        await servers.start()
        await servers._running["other"].wait()
        return await servers.stop()

    (fault,) = asyncio.run(work()).values()
    assert "by itself, with exit status 2" in fault and "bored" in fault
