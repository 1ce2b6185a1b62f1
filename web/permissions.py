"""Who may do what. Every view names the permission it needs; the server decides, not the page.

A role not listed may not. Agents see their own calls and recordings only:
`own_agent` gives the name to narrow a query to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import abort, current_app
from flask_login import current_user

F = TypeVar("F", bound=Callable[..., Any])

ROLES = ("admin", "supervisor", "agent", "technician")

#: Permission → roles. "account" is what any signed-in person may do.
TABLE: dict[str, frozenset[str]] = {
    "account": frozenset(ROLES),
    "board": frozenset(ROLES),
    "calls": frozenset({"admin", "supervisor", "agent", "technician"}),
    "recordings": frozenset({"admin", "supervisor", "agent"}),
    "system": frozenset({"admin", "supervisor", "technician"}),
    "trace": frozenset({"admin", "supervisor", "technician"}),
    "lines": frozenset({"admin", "supervisor", "technician"}),
    "line_tests": frozenset({"admin", "supervisor", "technician"}),
    "hangup": frozenset({"admin", "supervisor"}),
    "agents": frozenset({"admin", "supervisor", "agent"}),
}


def allowed(permission: str) -> bool:
    """Whether the person signed in may; False for strangers."""
    return current_user.is_authenticated and current_user.role in TABLE[permission]


def own_agent() -> str | None:
    """The agent whose calls alone may be seen, or None where all may."""
    return current_user.login if current_user.role == "agent" else None


def needs(permission: str) -> Callable[[F], F]:
    """Strangers are sent to the login page, the wrong role is refused with 403."""
    if permission not in TABLE:
        raise KeyError(permission)

    def decorate(view: F) -> F:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated:
                return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]
            if not allowed(permission):
                abort(403)
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def public(view: F) -> F:
    """Says on purpose that a view is open to anyone."""
    view.permission = ""  # type: ignore[attr-defined]
    return view
