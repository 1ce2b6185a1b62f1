"""Flows: what a caller is led through, read from a file and held to its rules.

A flow is a set of named nodes, each saying where to go next. It is checked as a
whole before a caller meets it: every target exists, every node can be reached,
keys are keys. Format: TOML or JSON, described in docs/flows.md.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

KEYS = frozenset("0123456789*#ABCD")

#: A prompt's file or name, "say:text", "digits:123", "number:17".
PromptName = Annotated[str, Field(min_length=1)]
Prompts = Annotated[tuple[PromptName, ...], Field(strict=False)]


class FlowError(Exception):
    """A flow that cannot be used; the message names the file, the node and what is wrong."""


class Node(BaseModel):
    """What all nodes have: where to go when they are done ("" ends the call)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    next: str = ""

    def targets(self) -> Iterator[tuple[str, str]]:
        """(key, node name) of every way out."""
        for key in ("next", "on_fail", "on_overflow", "full"):
            name = getattr(self, key, "")
            if name:
                yield key, name


class AnswerNode(Node):
    kind: Literal["answer"]


class PlayNode(Node):
    """With `barge_in` a key ends the prompts, and stays for the next node."""

    kind: Literal["play"]
    prompts: Prompts = Field(min_length=1)
    barge_in: bool = True


class MenuNode(Node):
    """Plays `prompts`, takes one key. After `tries` wrong or missing keys, `on_fail`."""

    kind: Literal["menu"]
    prompts: Prompts = Field(min_length=1)
    choices: dict[str, str] = Field(min_length=1)
    timeout_s: float = Field(default=5.0, gt=0, le=60)
    tries: int = Field(default=3, ge=1, le=10)
    invalid: Prompts = ()
    on_fail: str = ""

    @field_validator("choices")
    @classmethod
    def _keys(cls, choices: dict[str, str]) -> dict[str, str]:
        for key in choices:
            if key not in KEYS or len(key) != 1:
                raise ValueError(f"{key!r} is not a key of a telephone (0-9 * # A-D)")
        return choices

    def targets(self) -> Iterator[tuple[str, str]]:
        yield from super().targets()
        yield from ((f"choices.{key}", name) for key, name in self.choices.items())


class CollectNode(Node):
    """Collects `minimum` to `maximum` digits into `variable`; `secret` ones are never shown."""

    kind: Literal["collect"]
    prompts: Prompts = ()
    variable: str = Field(
        pattern=r"^[a-z_][a-z0-9_]*$", description="a small letter, then a-z 0-9 _"
    )
    minimum: int = Field(default=1, ge=0, le=64)
    maximum: int = Field(default=20, ge=1, le=64)
    terminator: Literal["#", "*", ""] = "#"
    timeout_s: float = Field(default=5.0, gt=0, le=60)
    tries: int = Field(default=3, ge=1, le=10)
    invalid: Prompts = ()
    secret: bool = False
    on_fail: str = ""


class QueueNode(Node):
    """Waits for an agent, then talks. `on_overflow`: nobody came in time, or the queue is full.

    `next` follows when the agent has hung up and the caller has not.
    """

    kind: Literal["queue"]
    queue: str
    on_overflow: str = ""


class DialNode(Node):
    """Rings an agent (`agent`), an extension, or `number` through `trunk`.

    `{variable}` may stand in `extension` and `number`; `{called}` is the number the caller dialled.
    """

    kind: Literal["dial"]
    agent: str = ""
    extension: str = ""
    number: str = ""
    trunk: str = ""
    ring_s: float = Field(default=30.0, gt=0, le=600)
    on_fail: str = ""


class ConferenceNode(Node):
    """With all others in `room`, `{variable}` in it as in a dial node; `next` after the key #.

    `most` people, then `full`; only the `loudest` are heard at a time, 0 for all.
    """

    kind: Literal["conference"]
    room: str = Field(default="{called}", min_length=1)
    listen: bool = False
    gain_db: float = Field(default=0.0, ge=-20, le=20)
    loudest: int = Field(default=0, ge=0, le=16)
    most: int = Field(default=0, ge=0)
    quiet: bool = False
    full: str = ""

    @model_validator(mode="after")
    def _fit(self) -> ConferenceNode:
        if self.listen and self.gain_db:
            raise ValueError("who only listens is not heard: gain_db does not go with listen")
        if self.full and not self.most:
            raise ValueError("full needs most: without it the room is never full")
        return self


class RecordNode(Node):
    """Tells the caller that the call is recorded, and begins to record after it is said."""

    kind: Literal["record notice"]
    prompts: Prompts = Field(min_length=1)


class HangUpNode(Node):
    kind: Literal["hang up"]
    prompts: Prompts = ()
    cause: int = Field(default=16, ge=1, le=127)


AnyNode = Annotated[
    AnswerNode
    | PlayNode
    | MenuNode
    | CollectNode
    | QueueNode
    | DialNode
    | ConferenceNode
    | RecordNode
    | HangUpNode,
    Field(discriminator="kind"),
]


class Flow(BaseModel):
    """A whole flow; `start` names its first node."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: str = Field(pattern=r"^[\w.\-]+$", description="letters, digits, _ . and -")
    start: str
    node: dict[str, AnyNode]

    @property
    def records(self) -> bool:
        """Whether the flow itself says when recording begins."""
        return any(isinstance(node, RecordNode) for node in self.node.values())

    def prompts(self) -> Iterator[str]:
        """Every prompt the flow may play, by name."""
        for node in self.node.values():
            yield from getattr(node, "prompts", ())
            yield from getattr(node, "invalid", ())

    def problems(self) -> list[str]:
        """Ways that lead nowhere and nodes nobody can reach."""
        found = [] if self.start in self.node else [f"start: there is no node {self.start!r}"]
        for name, node in self.node.items():
            found += [
                f"node {name}, {key}: there is no node {target!r}"
                for key, target in node.targets()
                if target not in self.node
            ]
            if isinstance(node, DialNode):
                found += [f"node {name}{fault}" for fault in self._dial_problems(node)]
            if isinstance(node, ConferenceNode):
                found += [f"node {name}, room: {fault}" for fault in self._room_problems(node.room)]
        reached = self._reached()
        found += [f"node {name}: no way leads here" for name in self.node if name not in reached]
        return found

    def _dial_problems(self, node: DialNode) -> Iterator[str]:
        if sum(map(bool, (node.agent, node.extension, node.number))) != 1:
            yield ": needs exactly one of agent, extension and number"
        if node.number and not node.trunk:
            yield ": a number needs the trunk group to dial it through"
        for key in ("extension", "number"):
            for fault in self._unknown(getattr(node, key)):
                yield f", {key}: {fault}"

    def _room_problems(self, room: str) -> Iterator[str]:
        """A room's name is told to people, so that no secret may be in it."""
        yield from self._unknown(room)
        for node in self.node.values():
            if isinstance(node, CollectNode) and node.secret and f"{{{node.variable}" in room:
                yield f"{node.variable!r} is secret, and a room's name is shown"

    def _unknown(self, number: str) -> Iterator[str]:
        """What in a number to dial, or a room's name, is no variable of this flow."""
        known = {node.variable for node in self.node.values() if isinstance(node, CollectNode)}
        known.add("called")
        try:
            names = [name for _, name, _, _ in Formatter().parse(number) if name is not None]
        except ValueError as error:
            yield str(error)
            return
        for name in names:
            if name not in known:
                yield f"there is no variable {name!r}; there are {', '.join(sorted(known))}"

    def _reached(self) -> set[str]:
        seen: set[str] = set()
        todo = [self.start]
        while todo:
            name = todo.pop()
            if name in self.node and name not in seen:
                seen.add(name)
                todo += [target for _, target in self.node[name].targets()]
        return seen


def parse(text: str, source: str, *, json_format: bool = False) -> Flow:
    """A checked flow from TOML (or JSON) text. Raises FlowError naming `source`."""
    try:
        data: dict[str, Any] = json.loads(text) if json_format else tomllib.loads(text)
        flow = Flow.model_validate(data)
    except (json.JSONDecodeError, tomllib.TOMLDecodeError) as error:
        raise FlowError(f"{source}: {error}") from None
    except ValidationError as error:
        lines = [f"{source}: {_where(each)}: {_what(each)}" for each in error.errors()]
        raise FlowError("\n".join(lines)) from None
    if problems := flow.problems():
        raise FlowError("\n".join(f"{source}: {problem}" for problem in problems))
    return flow


def _where(error: Any) -> str:
    kinds = {"answer", "play", "menu", "collect", "queue", "dial", "conference"}
    kinds |= {"record notice", "hang up"}
    return ".".join(str(part) for part in error["loc"] if part not in kinds) or "flow"


def _what(error: Any) -> str:
    given = "" if error["type"] == "missing" else f" (given: {error['input']!r})"
    return f"{error['msg']}{given}"


def load(path: Path) -> Flow:
    """The flow in a .toml or .json file. Raises FlowError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FlowError(f"{path}: cannot be read: {error}") from None
    return parse(text, str(path), json_format=path.suffix == ".json")


PACKAGED = Path(__file__).parent / "flows"


def load_all(directory: Path | None) -> dict[str, Flow]:
    """All flows of a directory (None: those that come with the program), by name.

    Raises FlowError with the faults of every file, not only the first.
    """
    flows: dict[str, Flow] = {}
    faults: list[str] = []
    where = directory or PACKAGED
    for path in sorted([*where.glob("*.toml"), *where.glob("*.json")]):
        try:
            flow = load(path)
            if flow.name in flows:
                raise FlowError(f"{path}: flow {flow.name!r} is there already")
            flows[flow.name] = flow
        except FlowError as error:
            faults.append(str(error))
    if faults:
        raise FlowError("\n".join(faults))
    return flows
