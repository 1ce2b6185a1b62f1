"""What system alarms say, as sentences, and the event that carries one."""

from __future__ import annotations

from datetime import datetime

from drivers.said import N_, Book, Said, as_data
from mediaserver.events import SystemAlarm

SENTENCES = {
    "alarm.late": N_("media ticks late: %(now)d now, %(all)d since start"),
    "alarm.late.over": N_("media on time for %(seconds)d s"),
    "alarm.load": N_("a tick takes %(percent)d %% of its time; left out now: %(left_out)s"),
    "alarm.load.less": N_("a tick takes %(percent)d %% of its time; taken up again: %(again)s"),
    "alarm.load.still": N_("%(less)s; still left out: %(left_out)s"),
    "alarm.recording": N_("recording: %(why)s"),
    "alarm.recording.over": N_("%(place)s: recording again"),
    "alarm.journal": N_("records are kept in the journal; the database cannot be used: %(why)s"),
    "alarm.memory": N_("records are kept in memory only; the database cannot be used: %(why)s"),
    "alarm.database.over": N_("the database is in use, and all records are in it"),
    # ---- what the engine leaves out under load, by `SHED_LEVELS`
    "shed.list": N_(", "),
    "shed.echo tails beyond 64 ms": N_("echo tails beyond 64 ms"),
    "shed.call progress": N_("call progress"),
    "shed.echo suppression": N_("echo suppression"),
    "shed.learning of echo paths": N_("learning of echo paths"),
    "shed.echo cancelling": N_("echo cancelling"),
}
_BOOK = Book(SENTENCES)
say = _BOOK.say


def left_out(levels: tuple[str, ...]) -> Said | str:
    """Levels of `SHED_LEVELS`, one after another; "" for none."""
    return _BOOK.join("shed.list", [say(f"shed.{level}") for level in levels])


def alarm(name: str, active: bool, what: Said, *, media_ms: int, utc: datetime) -> SystemAlarm:
    """The event: `what` in English, and as a code and values."""
    text, said = str(what), as_data(what)
    return SystemAlarm(name=name, active=active, text=text, said=said, media_ms=media_ms, utc=utc)
