"""The configuration file: what is accepted, and what an error says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from drivers.signalling.mfcr2.variant import R2Settings
from mediaserver.config import ConfigError, Settings, from_dict, load, parse
from mediaserver.config.problems import PATTERNS
from mediaserver.lab.scenario import Scenario

GOOD = """
[server]
name = "Support"
data_dir = "state"
language = "zh"
[media]
law = "ulaw"
[[board]]
name = "virtual"
  [[board.span]]
  name = "E1-1"
  kind = "e1"
  side = "network"
  [[board.span]]
  name = "FXS-1"
  kind = "fxs"
  ports = 2
[[trunk_group]]
name = "pstn"
spans = ["E1-1"]
[[agent]]
name = "alice"
number = "8001"
line = "FXS-1/2"
[[agent]]
name = "paul"
display = "Paul"
number = "8101"
trunk = "pstn"
[[queue]]
name = "sales"
agents = ["alice", "paul"]
[[route]]
called = "66880*"
flow = "main"
trunk = "pstn"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, "ms.toml")
    return str(caught.value).splitlines()


def test_a_whole_file(tmp_path: Path) -> None:
    (tmp_path / "ms.toml").write_text(GOOD)
    settings = load(tmp_path / "ms.toml")
    assert settings.server.language == "zh"
    assert settings.media.law == "ulaw"
    assert [s.name for s in settings.spans()] == ["E1-1", "FXS-1"]
    assert settings.boards[0].spans[0].signalling == "pri"
    assert settings.boards[0].spans[1].signalling == "analog"
    assert len(settings.boards[0].spans[0].numbers) == 30
    assert 16 not in settings.boards[0].spans[0].numbers
    assert settings.agents[0].display == "alice"
    assert settings.queues[0].agents == ("alice", "paul")
    assert settings.routes[0].flow == "main"


def test_paths_start_at_the_file_and_follow_data_dir(tmp_path: Path) -> None:
    text = '[server]\ndata_dir = "state"\n[recording]\ndirectory = ""\n'
    text += '[cti]\nsocket = "{data_dir}/run/s"\n[prompts]\nmusic = "moh"\n'
    (tmp_path / "ms.toml").write_text(text)
    settings = load(tmp_path / "ms.toml")
    assert settings.server.data_dir == tmp_path / "state"
    assert settings.recording.directory == tmp_path / "state/recordings"
    assert settings.cti.socket == tmp_path / "state/run/s"
    assert settings.prompts.music == tmp_path / "moh"
    assert settings.database.url == f"sqlite:///{tmp_path}/state/mediaserver.db"
    assert settings.journal_path == tmp_path / "state/journal.jsonl"
    assert settings.flows.directory is None


def test_an_empty_file_gives_the_defaults() -> None:
    assert parse("") == Settings() == from_dict({})


def test_a_postgresql_url_names_our_driver() -> None:
    url = from_dict({"database": {"url": "postgresql://me@db/ms"}}).database.url
    assert url == "postgresql+psycopg://me@db/ms"


_R2 = '[[board]]\nname = "v"\n[[board.span]]\nname = "a"\nkind = "e1"\nsignalling = "mfcr2"\n'
_PRI = '[[board]]\nname = "v"\n[[board.span]]\nname = "a"\nkind = "e1"\n[board.span.pri]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[server]\n\nnmae = "x"',
            'ms.toml:3: server.nmae = "x": unknown key; did you mean "name"? '
            "allowed: name, data_dir, language",
        ),
        (
            "[sever]\n",
            'ms.toml:1: sever = {…}: unknown key; did you mean "server"? allowed: server, media, '
            "database, recording, prompts, cti, web, flows, board, trunk_group, agent, "
            "extension, queue, route",
        ),
        (
            '[server]\nlanguage = "zn"',
            'ms.toml:2: server.language = "zn": did you mean "zh"? allowed: en, zh',
        ),
        (
            '[database]\ntimeout_s = "2"',
            'ms.toml:2: database.timeout_s = "2": must be a number',
        ),
        ("[cti]\nport = 70000", "ms.toml:2: cti.port = 70000: must be at most 65535"),
        ("[cti]\nport = true", "ms.toml:2: cti.port = true: must be a whole number"),
        ("[media]\nblock_ms = 7", "ms.toml:2: media.block_ms = 7: allowed: 2, 5, 10, 20"),
        (
            '[media]\nblock_ms = "10"',
            'ms.toml:2: media.block_ms = "10": must be a number, without quotes',
        ),
        (
            f'{_PRI}switch = "NI2"',
            'ms.toml:7: board[1].span[1].pri.switch = "NI2": did you mean "ni2"? allowed: '
            "euroisdn, euroisdn_t1, qsig, ni1, ni2, dms100, 5ess, 4ess",
        ),
        (
            '[[extension]]\nnumber = "12-3"\nline = "F/1"',
            'ms.toml:2: extension[1].number = "12-3": must be 1 to 15 digits',
        ),
        (
            '[database]\nurl = "mysql://me:secret@h/db"',
            'ms.toml:2: database.url = "mysql://me:***@h/db": '
            'must begin with "sqlite:///" or "postgresql://"',
        ),
        (
            "[cti]\nport = 8080\n[web]\nport = 8080",
            "ms.toml:4: web.port = 8080: is the port of [cti] too; give them two",
        ),
        (
            '[[board]]\nname = "v"\n[[board.span]]\nname = "a/b"\nkind = "e1"',
            'ms.toml:4: board[1].span[1].name = "a/b": may hold only letters, digits, _ . and -, '
            "and must not be empty",
        ),
        (
            '[[board]]\nname = "v"\n[[board.span]]\nname = "a"\n',
            "ms.toml:3: board[1].span[1].kind: is missing",
        ),
        (
            '[[board]]\nname = "v"\n[[board.span]]\nname = "a"\nkind = "fxs"\nsignalling = "pri"',
            'ms.toml:3: board[1].span[1]: kind "fxs" goes with signalling "analog"',
        ),
        (
            '[[board]]\nname = "v"\n[[board.span]]\nname = "a"\nkind = "e1"\nsignalling = "analog"',
            'ms.toml:3: board[1].span[1]: kind "e1" goes with signalling "pri" or "mfcr2" or "em"',
        ),
        (
            _R2 + 'variant = "china"',
            'ms.toml:7: board[1].span[1].variant = "china": did you mean "cn"? '
            "allowed: itu, cn, ar, br, mx",
        ),
        (
            _R2 + "[board.span.r2]\ndnis_len = 6",
            "ms.toml:8: board[1].span[1].r2.dnis_len = 6: unknown key; did you mean "
            '"dnis_length"? allowed: dnis_length, ani, ani_after, ani_length, category, ka, '
            "charge, forced_release, block_collect, double_answer, timers",
        ),
        (
            _R2 + '[board.span.r2]\nani = "soon"',
            'ms.toml:8: board[1].span[1].r2.ani = "soon": allowed: early, late, never',
        ),
        (
            '[[board]]\nname = "v"\n[[board.span]]\nname = "a"\nkind = "e1"\nvariant = "cn"',
            'ms.toml:3: board[1].span[1]: variant and r2 go with signalling "mfcr2"',
        ),
        (
            _R2 + "[board.span.pri]\nrestart_on_start = true",
            'ms.toml:3: board[1].span[1]: pri goes with signalling "pri"',
        ),
        (
            _PRI + 'switch = "5es"',
            'ms.toml:7: board[1].span[1].pri.switch = "5es": did you mean "5ess"? '
            "allowed: euroisdn, euroisdn_t1, qsig, ni1, ni2, dms100, 5ess, 4ess",
        ),
        (
            _PRI + "timers = { t303 = 4000 }",
            "ms.toml:7: board[1].span[1].pri.timers: no timer is called t303; did you mean "
            '"t303_ms"? allowed: t200_ms, t203_ms, n200, k, t301_ms, t302_ms, t303_ms, t304_ms, '
            "t305_ms, t308_ms, t310_ms, t313_ms, t316_ms, n316, "
            "t_response_ms",
        ),
        (
            _PRI + "timers = { t309_ms = 4000 }",
            "ms.toml:7: board[1].span[1].pri.timers: no timer is called t309_ms; "
            "T309 is the span's own key t309_s",
        ),
        (
            _PRI + "timers = { t303_ms = 4 }",
            "ms.toml:7: board[1].span[1].pri.timers: t303_ms is 4; it can be 1000 to 60000 ms",
        ),
        ('[queue]\nname = "q"', "ms.toml:1: queue = {…}: must be a list, or tables written [[…]]"),
        (
            '[[agent]]\nname = "a"\nnumber = "80"',
            'ms.toml:1: agent[1]: needs exactly one of line ("SPAN/PORT") and trunk '
            "(a trunk group's name)",
        ),
        (
            '[[route]]\ncalled = ""\nflow = "m"',
            'ms.toml:2: route[1].called = "": may hold only digits, X (any digit) '
            "and a last * (any further digits)",
        ),
        (
            '[[route]]\ncalled = "1*"\nflow = "m"\nagent = "a"',
            "ms.toml:1: route[1]: needs exactly one of flow, agent, extension and out",
        ),
        (
            "[server\nname = 1",
            "ms.toml:1: not TOML: Expected ']' at the end of a table declaration",
        ),
        ("a = [1,\n", "ms.toml:2: not TOML: Invalid value"),
    ],
)
def test_one_fault_one_line_that_says_what_to_do(text: str, said: str) -> None:
    assert problems(text) == [said]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("FXS-1/2", "FXS-1/3", 'agent[1].line = "FXS-1/3": span FXS-1 has ports 1 to 2'),
        ("FXS-1/2", "FXS-1/0", 'agent[1].line = "FXS-1/0": span FXS-1 has ports 1 to 2'),
        (
            "FXS-1/2",
            "FXS-2/1",
            'agent[1].line = "FXS-2/1": there is no such FXS span; '
            'did you mean "FXS-1"? allowed: FXS-1',
        ),
        (
            "FXS-1/2",
            "E1-1/1",
            'agent[1].line = "E1-1/1": there is no such FXS span; allowed: FXS-1',
        ),
        (
            "FXS-1/2",
            "FXS-1",
            'agent[1].line = "FXS-1": must be an FXS span and a port, such as "FXS-1/3"',
        ),
        (
            '["alice", "paul"]',
            '["alice", "pual"]',
            'queue[1].agents[2] = "pual": there is no such agent; '
            'did you mean "paul"? allowed: alice, paul',
        ),
        (
            '["E1-1"]',
            '["E1-9"]',
            'trunk_group[1].spans[1] = "E1-9": there is no such span; '
            'did you mean "E1-1"? allowed: E1-1, FXS-1',
        ),
        (
            'number = "8101"\ntrunk = "pstn"',
            'number = "8101"\ntrunk = "x"',
            'agent[2].trunk = "x": there is no such trunk group; allowed: pstn',
        ),
        (
            'flow = "main"\ntrunk = "pstn"',
            'flow = "main"\ntrunk = "x"',
            'route[1].trunk = "x": there is no such trunk group; allowed: pstn',
        ),
        (
            'flow = "main"\ntrunk',
            'agent = "alise"\ntrunk',
            'route[1].agent = "alise": there is no such agent; '
            'did you mean "alice"? allowed: alice, paul',
        ),
        (
            'flow = "main"\ntrunk',
            'out = "pbx"\ntrunk',
            'route[1].out = "pbx": there is no such trunk group; allowed: pstn',
        ),
        ('"8101"', '"8001"', 'agent[2].number = "8001": is agent[1].number already'),
        (
            'name = "FXS-1"\n  kind = "fxs"',
            'name = "E1-1"\n  kind = "e1"',
            'board[1].span[2].name = "E1-1": is board[1].span[1].name already',
        ),
    ],
)
def test_one_key_against_another(old: str, new: str, said: str) -> None:
    found = problems(GOOD.replace(old, new, 1))
    assert said in [row.split(": ", 1)[1] for row in found]


def test_the_line_of_a_cross_check_is_that_of_the_value() -> None:
    text = GOOD.replace('["alice", "paul"]', '[\n"alice",\n"pual",\n]')
    line = text.splitlines().index('"pual",') + 1
    assert problems(text)[0].startswith(f"ms.toml:{line}: queue[1].agents[2]")


def test_all_problems_at_once_in_the_order_of_the_file() -> None:
    found = problems("[web]\nport = -1\n[server]\nlanguage = 5\nx = 1\n")
    assert [row.split(": ")[0] for row in found] == ["ms.toml:2", "ms.toml:4", "ms.toml:5"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError, match=str(path)):
            load(path)
    (tmp_path / "latin.toml").write_bytes(b"[server]\nname = 'caf\xe9'\n")
    with pytest.raises(ConfigError, match=r"latin\.toml:2: is not UTF-8"):
        load(tmp_path / "latin.toml")


def test_an_r2_trunk_takes_its_variant_and_settings() -> None:
    text = _R2 + 'variant = "cn"\n[board.span.r2]\ndnis_length = 6\ntimers = { answer_ms = 30000 }'
    span = parse(text).boards[0].spans[0]
    assert (span.signalling, span.variant, span.r2.dnis_length) == ("mfcr2", "cn", 6)
    options = span.r2.options(span.variant)
    assert options["timers"] == {"answer_ms": 30000} and R2Settings(**options).variant == "cn"
    assert parse(_R2).boards[0].spans[0].variant == "itu"


@pytest.mark.parametrize(
    ("timers", "said"),
    [
        ("{ anwser_ms = 3 }", 'no timer is called anwser_ms; did you mean "answer_ms"?'),
        ("{ answer_ms = -1 }", "answer_ms is -1; it can be 0 to 600000 ms"),
    ],
)
def test_a_wrong_r2_timer_is_named(timers: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(_R2 + f"[board.span.r2]\ntimers = {timers}", "ms.toml")
    assert str(error.value).startswith("ms.toml:8: board[1].span[1].r2.timers")
    assert said in str(error.value)


_LINES = '[media]\nblock_ms = {block}\n[[board]]\nname = "b"\n' + "".join(
    f'[[board.span]]\nname = "{kind}"\nkind = "{kind}"\n' for kind in ("e1", "fxs", "fxo")
)


def test_echo_is_cancelled_on_analog_lines_unless_told_otherwise() -> None:
    spans = {span.name: span.cancels_echo for span in parse(_LINES.format(block=10)).spans()}
    assert spans == {"e1": False, "fxs": True, "fxo": True}
    told = _LINES.format(block=20).replace('kind = "e1"', 'kind = "e1"\necho = true')
    spans = {span.name: span.cancels_echo for span in parse(told).spans()}
    assert spans == {"e1": True, "fxs": True, "fxo": True}


_CARDS = """
[[board]]
name = "cards"
type = "dahdi"
kernel_echo_taps = 256
[[board.span]]
name = "phones"
kind = "fxs"
dahdi = 1
[[board.span]]
name = "lines"
kind = "fxo"
dahdi = 2
kernel_echo_taps = 0
receive_db = -3.5
"""


def test_a_span_has_the_boards_kernel_canceller_or_its_own_and_ours_stands_back() -> None:
    phones, lines = parse(_CARDS).spans()
    assert (phones.kernel_echo_taps, lines.kernel_echo_taps) == (256, 0)
    assert (phones.cancels_echo, lines.cancels_echo) == (False, True)
    assert (phones.receive_db, lines.receive_db) == (0.0, -3.5)


def test_the_kernels_canceller_may_be_on_some_channels_and_ours_on_the_others() -> None:
    phones, lines = parse(
        _CARDS.replace("dahdi = 1", 'dahdi = 1\nkernel_echo_on = "1-2,5"')
    ).spans()
    assert phones.kernel_echo_channels == phones.echo_left_to_card == {1, 2, 5}
    assert phones.cancels_echo
    assert (lines.kernel_echo_channels, lines.echo_left_to_card) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("before", "more", "says"),
    [
        ("dahdi = 1", 'kernel_echo_on = "1-x"', "'1-x' is no channel"),
        ("dahdi = 2", 'kernel_echo_on = "1"', "lines: .*kernel_echo_taps leaves off"),
    ],
)
def test_channels_that_cannot_have_it_are_named(before: str, more: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse(_CARDS.replace(before, f"{before}\n{more}"))


def test_gains_on_lines_that_are_not_dahdis_are_named() -> None:
    with pytest.raises(ConfigError, match="receive_db and send_db are DAHDI's"):
        parse(_LINES.format(block=10) + "receive_db = 3.0\n")


def test_echo_asked_for_with_blocks_too_short_for_it_is_named() -> None:
    short = _LINES.format(block=5)
    assert not parse(short).media.can_cancel  # the default is left out without a word
    with pytest.raises(ConfigError) as error:
        parse(short.replace('kind = "fxo"', 'kind = "fxo"\necho = true'), "ms.toml")
    assert "board[1].span[3].echo" in str(error.value)
    assert "needs [media] block_ms of 10 or 20, which is 5" in str(error.value)


def _patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for part in schema.values():
            yield from _patterns(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _patterns(part)


@pytest.mark.parametrize("model", [Settings, Scenario])
def test_what_a_value_may_hold_is_said_in_words(model: type[BaseModel]) -> None:
    found = set(_patterns(model.model_json_schema()))
    assert found and found <= PATTERNS.keys()
