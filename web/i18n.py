"""Languages: which one to speak, and people's words for the program's codes.

Codes (states, outcomes, causes) travel as they are and are put into words only
where a person reads them; a code without a word is shown as it is.
"""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask, current_app, request, session
from flask_babel import Babel, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from mediaserver.cti.sentences import ALARMS

LANGUAGES = {"en": "English", "zh": "中文"}

WORDS = {
    "call": {
        "offered": _l("Offered"),
        "flow": _l("In menu"),
        "queued": _l("Waiting"),
        "ringing": _l("Ringing"),
        "talking": _l("Talking"),
        "clearing": _l("Clearing"),
        "ended": _l("Ended"),
        "open": _l("In progress"),
        "closed": _l("Ended"),
        "interrupted": _l("Interrupted"),
    },
    "leg": {
        "null": _l("None"),
        "offered": _l("Offered"),
        "dialling": _l("Dialling"),
        "proceeding": _l("Proceeding"),
        "alerting": _l("Ringing"),
        "connected": _l("Connected"),
        "clearing": _l("Clearing"),
        "released": _l("Released"),
    },
    "agent": {
        "logged_out": _l("Signed out"),
        "ready": _l("Ready"),
        "ringing": _l("Ringing"),
        "talking": _l("Talking"),
        "wrap_up": _l("Wrap-up"),
        "away": _l("Away"),
    },
    "channel": {
        "idle": _l("Idle"),
        "ringing": _l("Ringing"),
        "busy": _l("Busy"),
        "talking": _l("Talking"),
        "blocked": _l("Blocked"),
    },
    "role": {
        "admin": _l("Administrator"),
        "supervisor": _l("Supervisor"),
        "agent": _l("Agent"),
        "technician": _l("Technician"),
        "caller": _l("Caller"),
        "party": _l("Party"),
    },
    "by": {
        "caller": _l("caller"),
        "agent": _l("agent"),
        "system": _l("system"),
        "line": _l("line"),
    },
    "direction": {"in": _l("Incoming"), "out": _l("Outgoing")},
    "recording": {
        "open": _l("Recording"),
        "closed": _l("Complete"),
        "rebuilt": _l("Repaired"),
        "failed": _l("Failed"),
    },
    "digits": {
        "choice": _l("chosen"),
        "collected": _l("collected"),
        "invalid": _l("not on the menu"),
        "timeout": _l("time ran out"),
    },
    "prompt": {
        "done": _l("heard to the end"),
        "interrupted": _l("cut short"),
        "missing": _l("missing"),
    },
    "queue": {
        "answered": _l("answered"),
        "abandoned": _l("abandoned by the caller"),
        "overflow": _l("overflowed"),
    },
    "missed": {
        "no answer": _l("no answer"),
        "busy": _l("busy"),
        "failed": _l("failed"),
        "caller gone": _l("the caller had gone"),
    },
    "alarm": {
        "disk": _l("Disk"),
        "database": _l("Database"),
        "media": _l("Media engine"),
        "load": _l("Load"),
    },
    "span_alarm": {
        "red": _l("red: no signal or no frame is received"),
        "ais": _l("ais: all ones are received"),
        "rai": _l("rai: the far end says that it does not receive us"),
    },
    "line": {"ok": _l("Good"), "warn": _l("Look at it"), "bad": _l("Bad")},
    "run": {
        "running": _l("Running"),
        "done": _l("Done"),
        "failed": _l("Not carried out"),
        "stopped": _l("Stopped"),
    },
    "finding": {
        "alarm": _l("Alarm"),
        "errors": _l("Errors"),
        "slips": _l("Slips"),
        "gaps": _l("Gaps"),
        "figures": _l("Figures"),
        "noise": _l("Noise"),
        "hum": _l("Hum"),
        "echo": _l("Echo"),
        "bert": _l("Bit errors"),
        "tone": _l("Tone"),
        "learn": _l("Learn the busy tone"),
        "modem": _l("Fax modem"),
    },
    "tone": {
        "dial": _l("dial tone"),
        "ringback": _l("ring-back tone"),
        "busy": _l("busy tone"),
        "learned_busy": _l("busy tone"),
        "congestion": _l("congestion tone"),
        "vacant": _l("number-unobtainable tone"),
        "sit": _l("special information tone"),
        "voice": _l("voice"),
        "cng": _l("a fax that calls"),
        "ced": _l("a fax that answers"),
        "modem": _l("modem"),
    },
    "part": {
        "commands": _l("Commands"),
        "read": _l("Taking octets in"),
        "decode": _l("Decoding"),
        "echo": _l("Echo cancelling"),
        "level": _l("Levels"),
        "dtmf": _l("DTMF"),
        "progress": _l("Call progress"),
        "mfr2": _l("MF-R2"),
        "fsk": _l("Caller ID"),
        "vad": _l("Voice"),
        "mix": _l("Mixing"),
        "tone": _l("Tones"),
        "play": _l("Prompts and music"),
        "encode": _l("Encoding"),
        "tap": _l("Recording"),
        "write": _l("Sending octets out"),
    },
    "counter": {
        "ticks": _l("Blocks processed"),
        "missed_ticks": _l("Blocks missed"),
        "tick_us_mean": _l("Time per block, mean (µs)"),
        "tick_us_max": _l("Time per block, longest (µs)"),
        "late_max_us": _l("Latest start of a block (µs)"),
        "command_ring_full": _l("Command ring full"),
        "event_ring_full": _l("Event ring full"),
        "port_errors": _l("Line errors"),
        "digits_dropped": _l("Digits dropped"),
        "news_dropped": _l("Tones and signals dropped"),
        "shed_level": _l("Load shed now, in steps"),
        "shed_steps": _l("Load shed: changes"),
        "shed_ticks": _l("Blocks with load shed"),
        "memory_octets": _l("Memory of the engine (octets)"),
        "memory_octets_per_channel": _l("Memory of a channel (octets)"),
        "tap_dropped_octets": _l("Octets lost in recordings"),
        "line_overrun_octets": _l("Octets a line had no room for"),
        "line_underrun_octets": _l("Octets a line did not bring"),
        "connections": _l("Connections"),
        "subscribed": _l("Subscribed"),
        "dropped": _l("Dropped: did not read"),
        "refused": _l("Refused: over a limit"),
    },
    "node": {
        "answer": _l("answer"),
        "play": _l("play"),
        "menu": _l("menu"),
        "collect": _l("collect digits"),
        "queue": _l("queue"),
        "dial": _l("dial"),
        "conference": _l("conference"),
        "record notice": _l("recording notice"),
        "hang up": _l("hang up"),
    },
}

#: Q.850 causes a call centre meets, in people's words.
CAUSES = {
    1: _l("Unallocated number"),
    2: _l("No route to network"),
    3: _l("No route to destination"),
    6: _l("Channel unacceptable"),
    16: _l("Normal clearing"),
    17: _l("User busy"),
    18: _l("No user responding"),
    19: _l("No answer"),
    20: _l("Subscriber absent"),
    21: _l("Call rejected"),
    22: _l("Number changed"),
    26: _l("Non-selected user clearing"),
    27: _l("Destination out of order"),
    28: _l("Invalid number format"),
    29: _l("Facility rejected"),
    31: _l("Normal, unspecified"),
    34: _l("No circuit available"),
    38: _l("Network out of order"),
    41: _l("Temporary failure"),
    42: _l("Switching equipment congestion"),
    44: _l("Requested channel not available"),
    47: _l("Resource unavailable"),
    50: _l("Facility not subscribed"),
    57: _l("Bearer capability not authorized"),
    58: _l("Bearer capability not available"),
    63: _l("Service not available"),
    65: _l("Bearer capability not implemented"),
    69: _l("Facility not implemented"),
    79: _l("Service not implemented"),
    81: _l("Invalid call reference"),
    82: _l("Channel does not exist"),
    88: _l("Incompatible destination"),
    95: _l("Invalid message"),
    96: _l("Mandatory element missing"),
    97: _l("Message type unknown"),
    98: _l("Message not compatible with state"),
    99: _l("Element not implemented"),
    100: _l("Invalid element contents"),
    101: _l("Message not compatible with call state"),
    102: _l("Recovery on timer expiry"),
    111: _l("Protocol error"),
    127: _l("Interworking, unspecified"),
}


def word(kind: str, code: str | None) -> str:
    """People's word for a code of that kind."""
    return str(WORDS[kind].get(code or "", code or ""))


def cause(number: int | None) -> str:
    """ "Normal clearing (16)"; a cause without a word stays a number."""
    if number is None:
        return ""
    text = CAUSES.get(number)
    return f"{text} ({number})" if text else str(number)


def span_ms(ms: int | None) -> str:
    """Durations as people write them: 0:07, 12:30, 1:02:03."""
    if ms is None:
        return "–"
    seconds = round(ms / 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def offset_ms(ms: int) -> str:
    """A place in a call to the millisecond: 0:07.250."""
    sign = "-" if ms < 0 else ""
    seconds, rest = divmod(abs(ms), 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{sign}{minutes}:{seconds:02}.{rest:03}"


def local(moment: datetime | None, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A stored UTC time on the console's wall clock."""
    if moment is None:
        return "–"
    return in_local(moment).strftime(form)


def in_local(moment: datetime) -> datetime:
    """A stored time in the console's own zone."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone()


def choose() -> str:
    """The session's choice, else the user's own, else the browser's, else the site's."""
    chosen = session.get("language")
    if chosen in LANGUAGES:
        return str(chosen)
    if current_user and current_user.is_authenticated and current_user.language in LANGUAGES:
        return str(current_user.language)
    asked = request.accept_languages.best_match(list(LANGUAGES))
    return asked or str(current_app.config["BABEL_DEFAULT_LOCALE"])


def language() -> str:
    """The language of this page: "en" or "zh"."""
    locale = get_locale()
    return str(locale.language) if locale else "en"


def script_words() -> dict[str, object]:
    """What the scripts say, in the language of the page."""
    tables = {kind: {c: str(w) for c, w in WORDS[kind].items()} for kind in _FOR_SCRIPTS}
    said = {code: _(text) for code, text in ALARMS.items()}
    return {**tables, "said": said, "text": _script_text()}


_FOR_SCRIPTS = ("call", "agent", "channel", "alarm", "span_alarm", "counter", "part")


def _script_text() -> dict[str, str]:
    return {
        "console_lost": _("Connection to the console is lost. What you see is not live."),
        "daemon_lost": _("The media server does not answer. What you see is not live."),
        "since": _("since {time}"),
        "connecting": _("Connecting …"),
        "live": _("Live"),
        "lost": _("Not live"),
        "as_of": _("as of {time}"),
        "no_answer": _("The console does not answer."),
        "no_calls": _("No calls at the moment."),
        "no_waiting": _("Nobody is waiting."),
        "no_queues": _("No queues are configured."),
        "no_agents": _("No agents are configured."),
        "no_spans": _("No spans are configured."),
        "sync": _("Frame synchronisation"),
        "d_channel": _("D channel"),
        "cas": _("CAS signalling"),
        "up": _("Up"),
        "down": _("Down"),
        "of": _("{used} of {all} in use"),
        "timeslot": _("Timeslot {n}"),
        "port": _("Port {n}"),
        "hangup": _("Hang up"),
        "hangup_ask": _("Hang up the call from {caller}?"),
        "hangup_done": _("The call is being hung up."),
        "set_ready": _("Set ready"),
        "set_away": _("Set away"),
        "agent_done": _("{name} is now: {state}"),
        "anonymous": _("Withheld"),
        "recording": _("Being recorded"),
        "failed": _("That did not work: {why}"),
        "waiting_n": _("{n} waiting"),
        "answered": _("answered"),
        "abandoned": _("abandoned"),
        "overflowed": _("overflowed"),
        "missed": _("missed"),
        "unplayable": _("This recording cannot be played."),
    }


babel = Babel()


def init(app: Flask, default: str) -> None:
    """Languages and the filters that put codes into words."""
    app.config["BABEL_DEFAULT_LOCALE"] = default
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    babel.init_app(app, locale_selector=choose)
    app.jinja_env.globals.update(
        word=word,
        cause_words=cause,
        languages=LANGUAGES,
        language=language,
        script_words=script_words,
    )
    app.jinja_env.filters.update(span_ms=span_ms, offset_ms=offset_ms, local=local)
