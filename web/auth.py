"""Signing in and out.

A session is a signed cookie holding a random id, the user's id and a print of
the password's hash: a changed password or a switched-off user ends it at the
next request, and signing out puts its id on a list of the dead until it would
have run out by itself.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf import CSRFProtect, FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from web import data
from web.permissions import needs, public
from web.security import safe_next

log = logging.getLogger(__name__)
access = logging.getLogger("web.access")

SESSION_S = 12 * 3600

views = Blueprint("auth", __name__)
login_manager = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, strategy="moving-window", storage_uri="memory://")


@dataclass
class ConsoleUser(UserMixin):
    """The person signed in."""

    id: int
    login: str
    name: str
    role: str
    language: str
    print: str

    def get_id(self) -> str:
        return f"{self.id}:{self.print}"


class EndedSessions:
    """Ids of sessions signed out of, kept as long as their cookies could come back."""

    def __init__(self, keep_s: float = SESSION_S) -> None:
        self._keep = keep_s
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}

    def add(self, session_id: str) -> None:
        now = time.monotonic()
        with self._lock:
            self._until = {key: until for key, until in self._until.items() if until > now}
            self._until[session_id] = now + self._keep

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._until


class LoginForm(FlaskForm):
    login = StringField(validators=[InputRequired(), Length(max=64)])
    password = PasswordField(validators=[InputRequired(), Length(max=256)])


def _as_console_user(row: Any) -> ConsoleUser:
    mark = hashlib.sha256(row.password_hash.encode()).hexdigest()[:16]
    return ConsoleUser(row.id, row.login, row.name or row.login, row.role, row.language or "", mark)


@login_manager.user_loader
def load_user(key: str) -> ConsoleUser | None:
    """Who a session belongs to, or None when it has ended in any way.

    While the database is away, people who were signed in stay so: the live
    board does not need it, and that is when they look at it."""
    user_id, _sep, mark = key.partition(":")
    ended: EndedSessions = current_app.extensions["ended_sessions"]
    if not (user_id.isascii() and user_id.isdigit() and len(user_id) < 10):
        return None
    if not session.get("sid") or session["sid"] in ended:
        return None
    user = _look_up(int(user_id))
    return user if user and secrets.compare_digest(user.print, mark) else None


def _look_up(user_id: int) -> ConsoleUser | None:
    seen: dict[int, ConsoleUser] = current_app.extensions["seen_users"]
    try:
        row = data.user(user_id)
    except data.Unavailable:
        return seen.get(user_id)
    if row is None or not row.active:
        seen.pop(user_id, None)
        return None
    return _remember(row)


def _remember(row: Any) -> ConsoleUser:
    user = _as_console_user(row)
    current_app.extensions["seen_users"][user.id] = user
    return user


@login_manager.unauthorized_handler
def stranger() -> AnyResponse:
    """Pages lead to the login form; what scripts fetch says 401."""
    if request.path.startswith("/api/") or request.method != "GET":
        return Response(_("Please sign in."), 401, mimetype="text/plain")
    path = request.full_path.rstrip("?")
    return redirect(url_for("auth.login", next=path if path != "/" else None))


def _who_tries() -> str:
    return f"{get_remote_address()}|{request.form.get('login', '')[:64].casefold()}"


def _refused(answer: Response) -> bool:
    """Only failures count: a whole shift may sign in from one address at once."""
    return answer.status_code == 401


@views.get("/login")
@public
def login() -> str | AnyResponse:
    """The form."""
    if current_user.is_authenticated:
        return redirect(safe_next(request.args.get("next"), url_for("board.page")))
    return render_template("login.html", form=LoginForm())


@views.post("/login")
@public
@limiter.limit("30 per minute", deduct_when=_refused)
@limiter.limit("5 per minute", key_func=_who_tries, deduct_when=_refused)
def sign_in() -> str | AnyResponse | tuple[str, int]:
    """Check name and password; 401 shows the form again, 429 asks to wait."""
    form = LoginForm()
    row = None
    if form.validate_on_submit():
        row = data.verify_login(form.login.data, form.password.data)
    if row is None:
        access.warning("login refused login=%r address=%s", form.login.data, request.remote_addr)
        flash(_("Wrong name or password."), "danger")
        return render_template("login.html", form=form), 401
    session.clear()  # nothing a stranger put there outlives signing in
    session["sid"] = secrets.token_urlsafe(24)
    session.permanent = True
    login_user(_remember(row))
    access.info("login user=%s address=%s", row.login, request.remote_addr)
    return redirect(safe_next(request.args.get("next"), url_for("board.page")))


@views.get("/api/session")
@needs("account")
def check() -> dict[str, str]:
    """Whether one is still signed in: 401 when not."""
    return {"login": current_user.login}


@views.post("/logout")
@needs("account")
def logout() -> AnyResponse:
    """End the session for good, wherever its cookie may turn up."""
    current_app.extensions["ended_sessions"].add(session.get("sid", ""))
    access.info("logout user=%s address=%s", current_user.login, request.remote_addr)
    logout_user()
    session.clear()
    return redirect(url_for("auth.login"))
