"""Every refusal of the server, by its code: what is wrong, and under `CODE.do` what to do about it.

What: sentences in English, for `CtiError`; a client that speaks another language takes code and
values. Faults of drivers are told in English within them (`why`).
"""

from __future__ import annotations

from drivers.said import N_, Book, Said

SENTENCES = {
    # ---- lines that are no requests
    "line.not_utf8": N_("not UTF-8 at octet %(at)d"),
    "line.deep": N_("JSON nested too deep"),
    "line.not_json": N_("not JSON: %(why)s"),
    "line.not_json.do": N_("send one JSON object a line"),
    "line.no_object": N_("a line must be a JSON object"),
    "line.long": N_("a line is over %(limit)d octets"),
    "line.slow": N_("a line did not end in time"),
    "request.version": N_('"v" must be %(version)d'),
    "request.version.do": N_("this server speaks version %(version)d"),
    "request.id": N_('"id" must be a number or a string of at most %(most)d'),
    "request.method": N_('"method" must be a string'),
    "request.params": N_('"params" must be an object'),
    "request.unknown": N_("unknown field %(name)r"),
    "request.as": N_('"as" must be {"login": …, "role": …}'),
    "request.as.do": N_("roles: %(roles)s"),
    "requests.fast": N_("requests come too fast"),
    "requests.fast.do": N_("at most %(rate)g a second on average"),
    "connections.many": N_("too many connections from %(address)s"),
    "replay.slow": N_("read too slowly to be replayed to"),
    # ---- who asks
    "login.needed": N_("%(method)s needs a login"),
    "login.needed.do": N_('call "login" first'),
    "login.late": N_("no login in time"),
    "login.wrong": N_("login or password is wrong"),
    "login.often": N_("too many failed logins"),
    "login.often.do": N_("wait %(seconds).0f s"),
    "login.unchecked": N_("logins cannot be checked now"),
    "login.unchecked.do": N_("is the database reachable?"),
    "role": N_("role %(role)s may not %(method)s"),
    "role.do": N_("allowed to: %(roles)s"),
    "as.untrusted": N_('"as" is for the console on the Unix socket'),
    "own.clear": N_("an agent may clear its own call only"),
    "own.join": N_("an agent may hand over its own call only"),
    "own.state": N_("an agent may change its own state only"),
    # ---- what is asked for
    "method.none": N_("no method %(method)r"),
    "method.none.do": N_("there are: %(methods)s"),
    "params": N_("%(where)s: %(wrong)s"),
    "params.do": N_("parameters: %(known)s"),
    "params.none.do": N_("it takes no parameters"),
    "method.failed": N_("%(method)s failed"),
    "method.failed.do": N_("see the server's log"),
    "events.gone": N_("events are kept after %(oldest)d, up to %(newest)d"),
    "events.gone.do": N_("take a snapshot and subscribe from its seq"),
    "call.none": N_("no live call %(call)r"),
    "call.none.do": N_("it may just have ended"),
    "agent.none": N_("there is no agent %(agent)r"),
    "agent.reason": N_("away needs a reason"),
    "agent.reason.do": N_("give one, such as lunch"),
    "agent.state": N_("the agent cannot be set to that: %(why)s"),
    "span.none": N_("no span %(span)r"),
    "span.none.do": N_("spans: %(spans)s"),
    "channel.none": N_("there is no channel %(line)r"),
    "channel.none.do": N_('a line is named "SPAN/CHANNEL"'),
    "check.none": N_("there is no check %(number)d"),
    "telephone.none": N_("there is no telephone on %(line)s"),
    "telephone.none.do": N_('a telephone is named "FXS-1/3"'),
    "busy_tone.none": N_("%(line)s has no busy tone of its own"),
    "trace.none": N_("%(span)s is %(signalling)s: it sends no messages"),
    "trace.none.do": N_("spans with a trace: %(spans)s"),
    "trace.nowhere.do": N_("no span has a trace"),
    "virtual": N_("%(span)s is on no virtual board"),
    "virtual.do": N_("only simulated lines fail on demand"),
    "faults": N_("no such fault: %(why)s"),
    # ---- not now
    "join": N_("the call cannot be handed over: %(why)s"),
    "line.refuses": N_("the line refuses: %(why)s"),
    "line.refuses.do": N_("try again when the line is up"),
    # ---- what is wrong with a parameter, by the kind of error
    "wrong.missing": N_("it is missing"),
    "wrong.extra_forbidden": N_("there is no such parameter"),
    "wrong.string_type": N_("it must be a string"),
    "wrong.string_too_short": N_("it must have at least %(min_length)d characters"),
    "wrong.string_too_long": N_("it must have at most %(max_length)d characters"),
    "wrong.string_pattern_mismatch": N_("it has characters that cannot be there"),
    "wrong.int_type": N_("it must be a whole number"),
    "wrong.float_type": N_("it must be a number"),
    "wrong.bool_type": N_("it must be true or false"),
    "wrong.list_type": N_("it must be a list"),
    "wrong.too_short": N_("it must have at least %(min_length)d entries"),
    "wrong.too_long": N_("it must have at most %(max_length)d entries"),
    "wrong.greater_than_equal": N_("it must be %(ge)s or more"),
    "wrong.less_than_equal": N_("it must be %(le)s or less"),
    "wrong.literal_error": N_("it can be %(expected)s"),
    "wrong.model_type": N_("it must be an object"),
    "wrong.finite_number": N_("it must be a finite number"),
}
_BOOK = Book(SENTENCES)


def say(code: str, **values: object) -> Said:
    """A sentence, filled from those of `values` that it has places for."""
    text = SENTENCES[code]
    return _BOOK.say(code, **{name: each for name, each in values.items() if f"%({name})" in text})


def advice(code: str, **values: object) -> Said | str:
    """What to do about the refusal `code`; "" where nothing is known."""
    return say(f"{code}.do", **values) if f"{code}.do" in SENTENCES else ""
