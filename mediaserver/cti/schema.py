"""Makes the published description of the protocol from the code.

    python -m mediaserver.cti.schema           writes docs/cti.schema.json, and docs/cti.md's tables
    python -m mediaserver.cti.schema --check   says whether they are current (exit 1: no)

The JSON Schema (2020-12) describes a line in either direction; the tables of
methods, events, errors and limits in docs/cti.md lie between marker comments.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from mediaserver.cti.limits import Limits
from mediaserver.cti.messages import (
    ERRORS,
    VERSION,
    ErrorReply,
    EventMessage,
    HeartbeatMessage,
    OkReply,
    RequestMessage,
)
from mediaserver.cti.methods import METHODS, Method
from mediaserver.cti.rows import Snapshot
from mediaserver.cti.words import WORDS

DOCS = Path(__file__).resolve().parents[2] / "docs"
_MESSAGES: dict[str, Any] = {
    "request": RequestMessage,
    "ok": OkReply,
    "error": ErrorReply,
    "event": EventMessage,
    "heartbeat": HeartbeatMessage,
    "snapshot": Snapshot,
}


def schema() -> dict[str, Any]:
    """The JSON Schema; `$defs` has each message, each row and each method's params."""
    adapters: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (name, "validation", TypeAdapter(kind)) for name, kind in _MESSAGES.items()
    ]
    refs, whole = TypeAdapter.json_schemas(adapters)
    _, params = models_json_schema(
        [(method.params, "validation") for method in METHODS.values()],
        ref_template="#/$defs/{model}",
    )
    defs = {**whole["$defs"], **params["$defs"]}
    named = {name: refs[name, "validation"] for name in _MESSAGES}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"mediaserver CTI, version {VERSION}",
        "description": "One JSON object a line, UTF-8. Requests go to the server; the rest come.",
        "oneOf": [named[name] for name in ("request", "ok", "error", "event", "heartbeat")],
        "$defs": {**dict(sorted(defs.items())), "snapshot": named["snapshot"]},
        "methods": {
            name: {
                "description": method.text,
                "roles": sorted(method.roles - {""}),
                "before_login": "" in method.roles,
                "params": {"$ref": f"#/$defs/{method.params.__name__}"},
                "result": method.result,
            }
            for name, method in METHODS.items()
        },
        "events": WORDS,
        "errors": ERRORS,
    }


def _params_of(method: Method) -> str:
    names = [
        name if field.is_required() else f"{name}?"
        for name, field in method.params.model_fields.items()
    ]
    return ", ".join(f"`{name}`" for name in names) or "–"


def _who(method: Method) -> str:
    if "" in method.roles:
        return "anyone"
    roles = [f"{role} (own)" if method.own and role == "agent" else role for role in method.roles]
    return "all roles" if len(roles) == 4 else ", ".join(sorted(roles))


def tables() -> dict[str, str]:
    """The generated parts of docs/cti.md, by the name in their markers."""
    methods = ["| method | params | who | what it does | result |", "|---|---|---|---|---|"]
    methods += [
        f"| `{m.name}` | {_params_of(m)} | {_who(m)} | {m.text} | {m.result} |"
        for m in METHODS.values()
    ]
    events = ["| event | says that |", "|---|---|"]
    events += [f"| `{word}` | {text} |" for word, text in WORDS.items()]
    errors = ["| code | when |", "|---|---|"]
    errors += [f"| `{code}` | {text} |" for code, text in ERRORS.items()]
    limits = ["| limit | value |", "|---|---|"]
    limits += [f"| `{f.name}` | {getattr(Limits(), f.name):,} |" for f in fields(Limits)]
    parts = {"methods": methods, "events": events, "errors": errors, "limits": limits}
    return {name: "\n".join(lines) for name, lines in parts.items()}


def with_tables(text: str) -> str:
    """`text` with what lies between `<!-- NAME -->` and `<!-- /NAME -->` made anew."""
    for name, table in tables().items():
        pattern = rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)"
        parts = re.split(pattern, text, flags=re.S)
        if len(parts) != 4:
            raise ValueError(f"docs/cti.md: {len(parts) // 3} places for the table {name}, not 1")
        text = parts[0] + parts[1] + table + parts[2] + parts[3]
    return text


def documents() -> dict[Path, str]:
    """Each generated file and what should be in it."""
    page = DOCS / "cti.md"
    text = json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"
    return {DOCS / "cti.schema.json": text, page: with_tables(page.read_text())}


def main(arguments: list[str]) -> int:
    """Write what is not current, or with --check only tell; the exit code."""
    wanted = documents()
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path in stale:
            print(f"{path} is not current: run python -m mediaserver.cti.schema", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(wanted[path])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
