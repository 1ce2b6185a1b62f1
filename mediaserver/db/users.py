"""People who may log in, and their passwords (argon2id)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import false, select, update
from sqlalchemy.orm import Session

from mediaserver.db.models import ROLES, User

MIN_PASSWORD = 8
MAX_PASSWORD = 256  # hashing a megabyte is work a stranger could ask for
_hasher = PasswordHasher()


_LOGIN = re.compile(r"[\w.@-]{1,64}")


class UserError(ValueError):
    """A user that cannot be made or changed so; the text says why."""


def create_user(
    session: Session, login: str, name: str, role: str, password: str, language: str = "en"
) -> User:
    """Raises UserError for a login that is taken, an unknown role, or a weak password."""
    if not _LOGIN.fullmatch(login):
        raise UserError(f"{login!r} is no login: 1 to 64 letters, digits or any of . _ @ -")
    if role not in ROLES:
        raise UserError(f"there is no role {role!r}; allowed: {', '.join(ROLES)}")
    hashed = _hash(password)
    _claim(session)
    if get_user(session, login) is not None:
        raise UserError(f"there is a user {login!r} already")
    user = User(
        login=login,
        name=name or login,
        role=role,
        password_hash=hashed,
        language=language,
        active=True,
    )
    session.add(user)
    session.flush()
    return user


def set_password(session: Session, login: str, password: str) -> None:
    """Raises UserError when there is no such user, or the password is weak."""
    hashed = _hash(password)
    _claim(session)
    user = get_user(session, login)
    if user is None:
        raise UserError(f"there is no user {login!r}")
    user.password_hash = hashed


def get_user(session: Session, login: str) -> User | None:
    return session.scalars(select(User).where(User.login == login)).first()


def list_users(session: Session) -> list[User]:
    return list(session.scalars(select(User).order_by(User.login)))


def verify_login(session: Session, login: str, password: str) -> User | None:
    """The active user with this login and password, else None.

    Takes as long for a login that does not exist, so that logins cannot be
    found out by the clock. Blocks for some 50 ms: not for an event loop.
    """
    user = get_user(session, login)
    known = user.password_hash if user is not None else _nobody()
    if len(password) > MAX_PASSWORD:
        return None
    try:
        _hasher.verify(known, password)
    except (VerificationError, InvalidHashError):
        return None
    return user if user is not None and user.active else None


def ensure_demo_users(
    session: Session, agents: Sequence[str] = (), language: str = "en"
) -> list[tuple[str, str, str]]:
    """Logins for a demonstration, as (login, role, password): one of each role, and `agents`.

    Passwords are new and random each time: there is no default password to
    forget in a system that has become real.
    """
    wanted = [(role, role) for role in ROLES if role != "agent"]
    wanted += [(agent, "agent") for agent in agents or ("agent",)]
    out = []
    for login, role in wanted:
        password = secrets.token_urlsafe(9)
        if get_user(session, login) is None:
            create_user(session, login, login.capitalize(), role, password, language)
        else:
            set_password(session, login, password)
        out.append((login, role, password))
    return out


def _claim(session: Session) -> None:
    """Become SQLite's writer before the first look, waiting for our turn if need be.

    A transaction that reads first and writes later fails at once, without
    waiting, if the daemon wrote in between.
    """
    session.execute(update(User).where(false()).values(active=True))


def _hash(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise UserError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return _hasher.hash(password)


@cache
def _nobody() -> str:
    """A hash no password is known for, to verify against where there is no user."""
    return _hasher.hash(secrets.token_hex())
