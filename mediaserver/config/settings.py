"""Every key of the configuration file, its type, default and limits.

Paths may be relative to the directory of the file and may hold "{data_dir}".
An empty string means the default wherever that is made from data_dir, or is none.
Unknown keys are refused. Values keep their TOML type: "8" is not a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from drivers.cause import RETRY_ELSEWHERE
from mediaserver.config.boards import Board, Span
from mediaserver.config.part import Digits, FilePath, Name, Names, Part, Pattern, Port


class Server(Part):
    name: str = "Call centre"
    data_dir: FilePath = Path("var")
    language: Literal["en", "zh"] = "en"


class Media(Part):
    """The engine: its block, law and thread, and what is done about all lines alike."""

    block_ms: Literal[2, 5, 10, 20] = 10
    law: Literal["alaw", "ulaw"] = "alaw"
    realtime_priority: int = Field(default=50, ge=0, le=99)  # 0: an ordinary thread
    tone_plan: Name = "cn"
    echo_tail_ms: Literal[64, 128] = 64  # how late an echo may come
    echo_suppress: bool = True  # comfort noise for what the canceller leaves of an echo

    @property
    def can_cancel(self) -> bool:
        """Whether the canceller, which works on 10 ms at a time, suits the block."""
        return self.block_ms % 10 == 0


class Database(Part):
    url: str = "sqlite:///{data_dir}/mediaserver.db"
    timeout_s: float = Field(default=2.0, gt=0, le=60)

    @field_validator("url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError('must begin with "sqlite:///" or "postgresql://"')
        return url.replace("postgresql://", "postgresql+psycopg://", 1)


class Recording(Part):
    enabled: bool = True
    directory: FilePath = Path("{data_dir}/recordings")
    min_free_percent: float = Field(default=5.0, ge=0, lt=100)
    max_minutes: int = Field(default=240, ge=1, le=1440)


class Prompts(Part):
    directories: Annotated[tuple[FilePath, ...], Field(strict=False)] = (
        Path("/usr/share/asterisk/sounds/en_US_f_Allison"),
    )
    music: FilePath = Path("/usr/share/asterisk/moh")
    voice: str = "en"


class Cti(Part):
    socket: FilePath = Path("{data_dir}/cti.sock")
    host: str = "127.0.0.1"
    port: Port = 7700  # 0: Unix socket only


class Web(Part):
    host: str = "127.0.0.1"
    port: Port = 8080
    secret_file: FilePath = Path("{data_dir}/web.key")


Cause = Annotated[int, Field(ge=1, le=127)]
NumberType = Literal["unknown", "international", "national", "network", "subscriber"]


class NumberRule(Part):
    """What becomes of numbers like `match` on their way out; the first rule that fits counts."""

    match: Pattern
    strip: int = Field(default=0, ge=0)
    prepend: Annotated[str, Field(pattern=r"^[0-9*#]*$")] = ""
    type: NumberType = "unknown"


class TrunkGroup(Part):
    name: Name
    spans: Names = Field(min_length=1)
    select: Literal["ascending", "descending", "cyclic", "least-used"] = "ascending"
    keep_for_incoming: int = Field(default=0, ge=0)
    keep_for_outgoing: int = Field(default=0, ge=0)
    rules: Annotated[tuple[NumberRule, ...], Field(alias="rule", strict=False)] = ()
    caller: Annotated[str, Field(pattern=r"^[0-9*#]*$")] = ""
    caller_type: NumberType = "unknown"
    then: Annotated[str, Field(pattern=r"^[\w.\-]*$")] = ""  # the group that is tried after it
    #: Refused with one of these, a call is tried on another channel, then in that group.
    then_on: Annotated[tuple[Cause, ...], Field(strict=False)] = tuple(sorted(RETRY_ELSEWHERE))


class Phone(Part):
    """Reached at `line` ("FXS-1/3"), or by dialling `number` out of `trunk`: one of the two."""

    number: Digits
    display: str = ""
    line: str = ""
    trunk: str = ""

    @model_validator(mode="after")
    def _one_way_to_reach(self) -> Phone:
        if bool(self.line) == bool(self.trunk):
            raise ValueError(
                'needs exactly one of line ("SPAN/PORT") and trunk (a trunk group\'s name)'
            )
        return self


class Agent(Phone):
    name: Name

    @model_validator(mode="after")
    def _shown(self) -> Agent:
        if not self.display:
            object.__setattr__(self, "display", self.name)
        return self


class Extension(Phone):
    """A telephone of the house that is no agent's.

    `always_rings` at every call from outside: "call" from its beginning, "person" from when it
    waits for somebody.
    """

    number: Annotated[str, Field(pattern=r"^[0-9]{1,15}$")]
    always_rings: Literal["", "call", "person"] = ""

    @model_validator(mode="after")
    def _has_a_bell(self) -> Extension:
        if self.always_rings and not self.line:
            raise ValueError("always_rings needs a telephone on a port of ours: line")
        return self


class Queue(Part):
    """`music` "" is prompts.music; `announce_every_s` and `overflow_s` 0 mean never."""

    name: Name
    agents: Names = ()
    strategy: Literal["longest-idle"] = "longest-idle"
    ring_s: float = Field(default=15.0, gt=0, le=600)
    music: str = ""
    announce_every_s: float = Field(default=20.0, ge=0)
    overflow_s: float = Field(default=120.0, ge=0)
    overflow_node: str = ""
    retry_s: float = Field(default=5.0, gt=0)
    max_waiting: int = Field(default=50, ge=1)


class Route(Part):
    """What becomes of calls to numbers like `called`; the first route that matches counts.

    One of: run `flow`, ring `agent`, ring `extension` (a number, or "dialled": the called number
    with the first `strip` digits taken off), go `out` through a trunk group, stripped likewise.
    """

    called: Pattern  # digits; X is any digit, a last * any further digits
    flow: str = ""
    agent: str = ""
    extension: Annotated[str, Field(pattern=r"^([0-9]{1,15}|dialled)?$")] = ""
    out: str = ""
    strip: int = Field(default=0, ge=0)
    trunk: str = ""  # only calls that come in on this trunk group
    inside: bool = False  # only calls from telephones on ports of ours

    @model_validator(mode="after")
    def _one_way_to_go(self) -> Route:
        if sum(map(bool, (self.flow, self.agent, self.extension, self.out))) != 1:
            raise ValueError("needs exactly one of flow, agent, extension and out")
        if self.trunk and self.inside:
            raise ValueError("needs one of trunk and inside at most: no call is from both")
        return self


class Flows(Part):
    directory: FilePath | None = None  # None: the flows that come with the program


class Settings(Part):
    """The whole file; `load.from_dict` and `load.load` make it. Paths in it are absolute."""

    server: Server = Server()
    media: Media = Media()
    database: Database = Database()
    recording: Recording = Recording()
    prompts: Prompts = Prompts()
    cti: Cti = Cti()
    web: Web = Web()
    flows: Flows = Flows()
    boards: Annotated[tuple[Board, ...], Field(alias="board", strict=False)] = ()
    trunk_groups: Annotated[tuple[TrunkGroup, ...], Field(alias="trunk_group", strict=False)] = ()
    agents: Annotated[tuple[Agent, ...], Field(alias="agent", strict=False)] = ()
    extensions: Annotated[tuple[Extension, ...], Field(alias="extension", strict=False)] = ()
    queues: Annotated[tuple[Queue, ...], Field(alias="queue", strict=False)] = ()
    routes: Annotated[tuple[Route, ...], Field(alias="route", strict=False)] = ()

    @model_validator(mode="after")
    def _resolve_paths(self, info: ValidationInfo) -> Settings:
        base = ((info.context or {}).get("base") or Path.cwd()).absolute()
        data_dir = base / self.server.data_dir

        def place(path: Path) -> Path:
            return base / str(path).replace("{data_dir}", str(data_dir))

        def fill(part: str, **changes: Any) -> None:
            object.__setattr__(self, part, getattr(self, part).model_copy(update=changes))

        fill("server", data_dir=data_dir)
        fill("database", url=self.database.url.replace("{data_dir}", str(data_dir)))
        fill("recording", directory=place(self.recording.directory))
        fill("cti", socket=place(self.cti.socket))
        fill("web", secret_file=place(self.web.secret_file))
        fill(
            "prompts",
            directories=tuple(place(p) for p in self.prompts.directories),
            music=place(self.prompts.music),
        )
        if self.flows.directory is not None:
            fill("flows", directory=place(self.flows.directory))
        return self

    @property
    def journal_path(self) -> Path:
        """Where records wait while the database cannot be reached."""
        return self.server.data_dir / "journal.jsonl"

    def phones(self) -> Iterator[Phone]:
        """Of agents, and plain extensions."""
        yield from self.agents
        yield from self.extensions

    def spans(self) -> Iterator[Span]:
        for board in self.boards:
            yield from board.spans
