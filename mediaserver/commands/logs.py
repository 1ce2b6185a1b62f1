"""The log of the long-running commands: one line an entry, on standard error or in a file."""

from __future__ import annotations

import logging
from pathlib import Path

import structlog

LEVELS = ("debug", "info", "warning", "error")


def set_up_logs(level: str, file: Path | None = None) -> None:
    """Send everything of `level` and above to standard error, or append it to `file`; UTC times.

    Control characters in a value (a caller's name, say) are escaped: no entry can
    forge another or move the terminal's cursor.
    """
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _one_line,
        ],
    )
    handler = logging.FileHandler(file, encoding="utf-8") if file else logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    if level != "debug":
        logging.getLogger("alembic").setLevel(logging.WARNING)  # lists its plugins at every start


def _one_line(logger: object, method: str, entry: structlog.types.EventDict) -> str:
    head = f"{entry['timestamp']} {entry['level']:<7} {entry['logger']}: {_safe(entry['event'])}"
    trace = entry.get("exception")
    return f"{head}\n{trace}" if trace else head


def _safe(value: object) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(value))
