"""Scenarios: what simulated subscribers do, as data. The format's page is docs/scenarios.md.

A scenario names callers (who calls whom, when, over which line, and what they
then do step by step), answerers (phones and extensions, how long they ring and
what they do), and faults of lines at given times. Every step gives a verdict.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from mediaserver.config.lines import line_of, scan
from mediaserver.config.problems import Problem, from_validation

Seconds = Annotated[float, Field(ge=0, le=24 * 3600)]
Keys = Annotated[
    str, Field(pattern=r"^[0-9*#A-D,]+$", description="telephone keys, a comma is a pause")
]
Pulses = Annotated[str, Field(pattern=r"^[0-9]*$", description="digits")]
Number = Annotated[str, Field(pattern=r"^[0-9*#+]*$", description="digits, * # and +")]


class ScenarioError(Exception):
    """A scenario that cannot be run; the message names file, line, key and what is wrong."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


#: The one key of a step that says what it does.
ACTIONS = (
    "expect",
    "hear",
    "unheard",
    "shows",
    "key",
    "pulse",
    "flash",
    "say",
    "wait_s",
    "digits",
    "hang_up",
)


class Step(Part):
    """One thing a subscriber does or waits for: exactly one of ACTIONS."""

    expect: Literal["", "alerting", "answered", "released"] = ""
    hear: str = ""  # a prompt, "music", "partner", "tone:NAME", "sound" or "silence"
    unheard: str = ""  # a prompt that did not come since the last `hear`
    shows: str = ""  # on the display of a telephone in talk, of a call that waits
    key: Keys | Literal[""] = ""
    pulse: Pulses = ""  # digits by the telephone's dial
    flash: bool = False  # a short break of a telephone's loop
    say: str = ""  # a prompt's name
    wait_s: Seconds | None = None
    digits: Number = ""  # further digits of the called number (overlap sending)
    hang_up: bool = False
    within_s: Seconds = 10.0  # for expect, hear and shows
    may_clear: bool = False  # the far end may clear meanwhile, which ends the script well
    cause: int | None = Field(default=None, ge=1, le=127)  # expected, or sent by hang_up

    @model_validator(mode="after")
    def _one_action(self) -> Step:
        given = [a for a in ACTIONS if getattr(self, a) not in ("", None, False)]
        if len(given) != 1:
            raise ValueError(f"a step has exactly one of {', '.join(ACTIONS)}")
        return self

    def __str__(self) -> str:
        for action in ACTIONS:
            value = getattr(self, action)
            if value not in ("", None, False):
                return action.replace("_", " ") if value is True else f"{action} {value}"
        return "nothing"


Steps = tuple[Step, ...]


class RecordCheck(Part):
    """What the server's record of a call must hold; keys left out are not looked at."""

    state: str | None = None
    flow: str | None = None
    choice: str | None = None
    queue: str | None = None
    agent: str | None = None
    cause: int | None = None
    cleared_by: str | None = None
    called: str | None = None
    caller_name: str | None = None
    min_wait_s: Seconds | None = None
    recorded: bool | None = None  # a recording holds what was said, by both


class Caller(Part):
    """`count` callers, `every_s` apart, with numbers counting up from `number`."""

    name: str
    line: str  # the span the call comes in on, or one port ("FXS-1/3")
    number: Number = ""
    display: str = ""
    to: Number = ""
    overlap: bool = False
    at_s: Seconds = 0.0
    count: int = Field(default=1, ge=1, le=1000)
    every_s: Seconds = 0.0
    steps: Steps = ()
    record: RecordCheck | None = None
    refused: int | None = None  # the call must not get through at all: with this cause


class Answerer(Part):
    """A telephone on a port ("FXS-1/1"), or an extension behind a span ("E1-2", `number`)."""

    name: str
    line: str
    number: Number = ""
    behaviour: Literal["answers", "busy", "never", "rejects"] = "answers"
    ring_s: Seconds = 2.0
    steps: Steps = ()
    cause: int = Field(default=21, ge=1, le=127)  # of "rejects"
    shows: str = ""  # on the telephone's display as it is answered: number and name


class Fault(Part):
    """A fault of a line from `at_s`, for `for_s` (0: to the end)."""

    span: str
    at_s: Seconds = 0.0
    for_s: Seconds = 0.0
    toward: Literal["near", "far"] = "near"
    channel: int | None = None
    alarm: bool = False
    d_channel_down: bool = False
    d_loss: float = Field(default=0.0, ge=0, le=1)
    delay_ms: float | None = Field(default=None, ge=0, le=500)
    gain_db: float | None = Field(default=None, ge=-60, le=20)
    noise_dbm0: float | None = Field(default=None, ge=-80, le=0)
    echo: tuple[float, float] | None = None  # loss in dB, delay in ms
    bit_error_rate: float | None = Field(default=None, ge=0, le=1)
    loss_rate: float | None = Field(default=None, ge=0, le=1)
    slip_octets: int = 0
    loop: bool = False
    cas: str = Field(default="", pattern="^([01]{4})?$")  # R2: the bits heard, whatever is sent


class Server(Part):
    """A further server, as a process of its own; its log is in `data_dir`/`name`."""

    name: Annotated[str, Field(pattern=r"^[\w-]+$")]
    settings: dict[str, Any]


class Scenario(Part):
    title: str
    about: str = ""
    limit_s: Seconds = 120.0
    at_once: int = Field(default=1000, ge=1)  # callers beyond this wait until one is done
    settings: dict[str, Any] = {}  # laid over the demo's settings
    server: tuple[Server, ...] = ()  # with any, the scenario goes in real time only
    caller: tuple[Caller, ...] = ()
    answerer: tuple[Answerer, ...] = ()
    fault: tuple[Fault, ...] = ()

    @field_validator("caller", "server")
    @classmethod
    def _names_differ(cls, parts: tuple[Any, ...], info: ValidationInfo) -> tuple[Any, ...]:
        names = [part.name for part in parts]
        if len(set(names)) != len(names):
            raise ValueError(f"two {info.field_name}s have the same name")
        return parts


def load(path: Path) -> Scenario:
    """The scenario in a file. Raises ScenarioError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {error}") from None
    return parse(text, str(path))


def parse(text: str, source: str) -> Scenario:
    """A scenario from TOML. Raises ScenarioError naming `source`, line and key."""
    try:
        return Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{source}: {error}") from None
    except ValidationError as error:
        lines = scan(text)
        problems = [
            Problem(p.where, p.message, p.value, source, line_of(lines, p.where))
            for p in from_validation(error, Scenario)
        ]
        raise ScenarioError("\n".join(str(p) for p in problems)) from None


SHIPPED = Path(__file__).parent / "scenarios"


def shipped() -> list[Path]:
    """The scenarios that come with the program, by name."""
    return sorted(SHIPPED.glob("*.toml"))


def find(name: str) -> Path:
    """A file, or the shipped scenario of that name. Raises ScenarioError."""
    path = Path(name)
    ours = SHIPPED / f"{name}.toml"
    if path.is_file():
        return path
    if ours.is_file():
        return ours
    names = ", ".join(each.stem for each in shipped())
    raise ScenarioError(f"{name}: no such file, and not a shipped scenario ({names})")
