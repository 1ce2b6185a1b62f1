"""What the trace says of channels with line and register signals (MFC/R2, E&M), as sentences.

What: the sentences (`say`), and `word` for what the tables of the machines call a thing.
Limits: a word of a variant that is not here is shown as it is; tests hold those that come with us.
Source: Q.400 to Q.490 for the signals; the words of national variants as in `variants.toml`.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.said import N_, Book, Said

#: Hears every exchange: (channel, "in", "out" or "" for neither, what it is).
Trace = Callable[[int, str, Said | str], None]

#: What the tables of line and registers call things, as they are said.
_WORDS = {
    # ---- line signals
    "idle": N_("idle"),
    "seize": N_("seize"),
    "seizure acknowledged": N_("seizure acknowledged"),
    "answer": N_("answer"),
    "clear-forward": N_("clear-forward"),
    "clear-back": N_("clear-back"),
    "forced release": N_("forced release"),
    "release guard": N_("release guard"),
    "blocked": N_("blocked"),
    # ---- what comes of them
    "out": N_("out of service"),
    "acknowledged": N_("they acknowledged"),
    "no_ack": N_("not acknowledged in time"),
    "double": N_("both ends have seized"),
    "answered": N_("they answered"),
    "over": N_("they cleared back"),
    "forced": N_("they forced release"),
    "no_answer": N_("no answer in time"),
    "lost": N_("they let go of the circuit"),
    "taken": N_("they seized"),
    "cleared": N_("they cleared"),
    "failed": N_("the line failed"),
    "metered": N_("metering pulse"),
    "far_blocked": N_("the far end is blocked"),
    "unconfirmed": N_("clearing was not confirmed in time"),
    # ---- register signals, backward
    "next_dnis": N_("next called digit"),
    "same_dnis": N_("same called digit again"),
    "back_1": N_("one called digit back"),
    "back_2": N_("two called digits back"),
    "back_3": N_("three called digits back"),
    "restart": N_("from the first called digit"),
    "group_b": N_("change to group B"),
    "category": N_("category"),
    "ani": N_("next calling digit"),
    "complete": N_("complete: charge, no group B"),
    "congestion": N_("congestion"),
    "country_code": N_("country code"),
    "language": N_("language"),
    "nature_of_circuit": N_("nature of circuit"),
    "echo_suppressor": N_("echo suppressor"),
    "nothing": N_("nothing"),
    "A-3 pulse": N_("A-3 pulse"),
    "congestion pulse": N_("congestion pulse"),
    # ---- and how the called line is
    "free_charge": N_("free, charge"),
    "free_no_charge": N_("free, no charge"),
    "busy": N_("busy"),
    "busy_or_congestion": N_("busy or congestion"),
    "busy_or_unallocated": N_("busy or unallocated"),
    "unallocated": N_("unallocated"),
    "out_of_order": N_("out of order"),
    "information_tone": N_("information tone"),
    "number_changed": N_("number changed"),
    "register timer expired": N_("register timer expired"),
    "accepted": N_("accepted"),
    "refused": N_("refused"),
    # ---- register signals, forward
    "end of called number": N_("end of called number"),
    "end of calling number": N_("end of calling number"),
    "calling number not available": N_("calling number not available"),
    "request not accepted": N_("request not accepted"),
    "discriminating digit 0": N_("discriminating digit 0"),
    "no satellite link": N_("no satellite link"),
    "spare": N_("spare"),
    # ---- who calls
    "subscriber": N_("subscriber without priority"),
    "subscriber, international": N_("subscriber, international"),
    "priority subscriber": N_("priority subscriber"),
    "priority subscriber, international": N_("priority subscriber, international"),
    "maintenance": N_("maintenance"),
    "operator": N_("operator"),
    "operator, international": N_("operator, international"),
    "toll operator": N_("toll operator"),
    "data": N_("data call"),
    "data, international": N_("data call, international"),
    "international": N_("international call"),
    "local": N_("local"),
    "local data or priority": N_("local data or priority"),
    "local payphone": N_("local payphone"),
    "payphone": N_("payphone"),
    "toll": N_("toll"),
    "toll payphone": N_("toll payphone"),
    "private exchange": N_("private exchange"),
    "collect call": N_("collect call"),
    "test": N_("test"),
    "semi-automatic, verifying": N_("semi-automatic, verifying"),
    "ordinary, free": N_("ordinary, free"),
    "ordinary, billed by period": N_("ordinary, billed by period"),
    "ordinary, billed at once, subscriber meter": N_("ordinary, billed at once, subscriber meter"),
    "ordinary, billed at once, printer": N_("ordinary, billed at once, printer"),
    "priority, free": N_("priority, free"),
    "priority, billed by period": N_("priority, billed by period"),
    "priority, billed at once, printer": N_("priority, billed at once, printer"),
}

SENTENCES = {
    "cas.bits": N_("bits %(bits)s"),
    "cas.sent": N_("%(name)s %(bits)s"),
    "cas.forward": N_("forward %(signal)d %(meaning)s"),
    "cas.backward": N_("backward %(signal)d %(meaning)s"),
    "cas.unheard_of": N_("backward signal %(signal)d means nothing here"),
    "cas.called_line": N_("called line: %(outcome)s"),
    "cas.register": N_("register: %(outcome)s"),
    "cas.collect": N_("collect call: refused"),
    # ---- what a register signal means
    "cas.called_line.is": N_("called line %(answer)s"),
    "cas.called.digit": N_("called digit %(digit)s"),
    "cas.calling.digit": N_("calling digit %(digit)s"),
    "cas.called.end": N_("called number: no more"),
    "cas.calling.end": N_("calling number: no more"),
    "cas.ka": N_("KA: %(category)s"),
    "cas.kd": N_("KD: %(category)s"),
    "cas.category": N_("category: %(category)s"),
    "cas.ka.sent": N_("KA (%(category)s)"),
    "cas.kd.sent": N_("KD (%(category)s)"),
    "cas.category.sent": N_("category (%(category)s)"),
    # ---- E&M
    "cas.off_hook": N_("off hook"),
    "cas.on_hook": N_("on hook"),
    "cas.glare": N_("both ends have seized"),
    "cas.number": N_("%(digits)s"),
    "cas.number.none": N_("no number"),
} | {f"cas.word.{word}": text for word, text in _WORDS.items()}

say = Book(SENTENCES).say


def hook(off: bool) -> Said:
    """Of E&M: off or on hook."""
    return say("cas.off_hook" if off else "cas.on_hook")


def word(name: str) -> Said | str:
    """What a table's word says; one that is not known, with spaces, as it is."""
    return say(f"cas.word.{name}") if name in _WORDS else name.replace("_", " ")
