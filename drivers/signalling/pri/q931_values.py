"""The values that Q.931's elements carry, each with its words, and every sentence of the trace.

What: numbers of the standard and what they mean; names of messages, elements and frames.
How: a table makes a sentence of each value, coded by the table's name and the number
(`location.2`), and one for the numbers it has not (`location.other`).
Source: Q.931 4.4 and 4.5, Q.850 (causes), Q.921 3.6 (frames), Q.932 8.2 (facility).
"""

from __future__ import annotations

from drivers import cause
from drivers.said import N_, Book, Said

Texts = dict[int, str]

_TON: Texts = {
    1: N_("international"),
    2: N_("national"),
    3: N_("network specific"),
    4: N_("subscriber"),
    6: N_("abbreviated"),
}
_NPI: Texts = {
    0: N_("unknown plan"),
    1: N_("ISDN"),
    3: N_("data"),
    4: N_("telex"),
    8: N_("national plan"),
    9: N_("private"),
}
_PRESENTATION: Texts = {1: N_("restricted"), 2: N_("not available"), 3: N_("reserved")}
_SCREENING: Texts = {1: N_("verified"), 2: N_("failed screening"), 3: N_("network's")}
_LOCATION: Texts = {
    0: N_("user"),
    1: N_("private network, near"),
    2: N_("public network, near"),
    3: N_("transit network"),
    4: N_("public network, far"),
    5: N_("private network, far"),
    7: N_("international network"),
    10: N_("beyond interworking"),
}
_PROGRESS: Texts = {
    1: N_("not ISDN all the way"),
    2: N_("the called end is not ISDN"),
    3: N_("the calling end is not ISDN"),
    4: N_("the call is back in the ISDN"),
    5: N_("interworking changed the service"),
    8: N_("tone or announcement in band"),
}
_CAPABILITY: Texts = {
    0x00: N_("speech"),
    0x08: N_("unrestricted digital"),
    0x09: N_("restricted digital"),
    0x10: N_("3.1 kHz audio"),
    0x11: N_("unrestricted digital with tones"),
    0x18: N_("video"),
}
_LAYER1: Texts = {
    1: N_("V.110"),
    2: N_("µ-law"),
    3: N_("A-law"),
    4: N_("G.721"),
    5: N_("G.722"),
    6: N_("H.221"),
}
_REASON: Texts = {
    0: N_("reason unknown"),
    1: N_("busy"),
    2: N_("no reply"),
    4: N_("deflected"),
    9: N_("out of order"),
    10: N_("by the called end"),
    15: N_("unconditional"),
}
_STATE: Texts = {
    0: N_("null"),
    1: N_("call initiated"),
    2: N_("overlap sending"),
    3: N_("outgoing call proceeding"),
    4: N_("call delivered"),
    6: N_("call present"),
    7: N_("call received"),
    8: N_("connect request"),
    9: N_("incoming call proceeding"),
    10: N_("active"),
    11: N_("disconnect request"),
    12: N_("disconnect indication"),
    15: N_("suspend request"),
    17: N_("resume request"),
    19: N_("release request"),
    22: N_("call abort"),
    25: N_("overlap receiving"),
    61: N_("restart request"),
    62: N_("restart"),
}
_NOTIFY: Texts = {
    0x00: N_("user suspended"),
    0x01: N_("user resumed"),
    0x02: N_("bearer changed"),
    0x60: N_("call waits"),
    0x68: N_("diversion activated"),
    0x69: N_("transferred, ringing"),
    0x6A: N_("transferred, answered"),
    0x79: N_("on hold"),
    0x7A: N_("retrieved"),
    0x7B: N_("call is diverting"),
}
_SIGNAL: Texts = {
    0: N_("dial tone"),
    1: N_("ringing tone"),
    2: N_("intercept"),
    3: N_("congestion"),
    4: N_("busy tone"),
    0x3F: N_("tones off"),
    0x40: N_("ring"),
}
_RESTART: Texts = {0: N_("the channels named"), 6: N_("this interface"), 7: N_("all interfaces")}
_CHANNEL: Texts = {0: N_("no channel"), 2: N_("reserved"), 3: N_("any channel")}
_BASIC_CHANNEL: Texts = {
    0: N_("channel none"),
    1: N_("channel B1"),
    2: N_("channel B2"),
    3: N_("channel any"),
}
_SUBADDRESS: Texts = {0: N_("NSAP"), 2: N_("user's own")}
_COMPONENT: Texts = {
    0xA1: N_("invokes"),
    0xA2: N_("result"),
    0xA3: N_("error"),
    0xA4: N_("reject"),
}

ELEMENTS: Texts = {
    0x04: N_("bearer capability"),
    0x08: N_("cause"),
    0x10: N_("call identity"),
    0x14: N_("call state"),
    0x18: N_("channel"),
    0x1C: N_("facility"),
    0x1E: N_("progress"),
    0x20: N_("network-specific facilities"),
    0x27: N_("notification"),
    0x28: N_("display"),
    0x29: N_("date and time"),
    0x2C: N_("keypad"),
    0x34: N_("signal"),
    0x4C: N_("connected number"),
    0x4D: N_("connected sub-address"),
    0x6C: N_("calling number"),
    0x6D: N_("calling sub-address"),
    0x70: N_("called number"),
    0x71: N_("called sub-address"),
    0x74: N_("redirecting number"),
    0x76: N_("redirection number"),
    0x78: N_("transit network"),
    0x79: N_("restart indicator"),
    0x7C: N_("low layer compatibility"),
    0x7D: N_("high layer compatibility"),
    0x7E: N_("user to user"),
    0xA0: N_("more data"),
    0xA1: N_("sending complete"),
}
MESSAGES: Texts = {
    0x01: N_("ALERTING"),
    0x02: N_("CALL PROCEEDING"),
    0x03: N_("PROGRESS"),
    0x05: N_("SETUP"),
    0x07: N_("CONNECT"),
    0x0D: N_("SETUP ACKNOWLEDGE"),
    0x0F: N_("CONNECT ACKNOWLEDGE"),
    0x20: N_("USER INFORMATION"),
    0x21: N_("SUSPEND REJECT"),
    0x22: N_("RESUME REJECT"),
    0x24: N_("HOLD"),
    0x25: N_("SUSPEND"),
    0x26: N_("RESUME"),
    0x28: N_("HOLD ACKNOWLEDGE"),
    0x2D: N_("SUSPEND ACKNOWLEDGE"),
    0x2E: N_("RESUME ACKNOWLEDGE"),
    0x30: N_("HOLD REJECT"),
    0x31: N_("RETRIEVE"),
    0x33: N_("RETRIEVE ACKNOWLEDGE"),
    0x37: N_("RETRIEVE REJECT"),
    0x45: N_("DISCONNECT"),
    0x46: N_("RESTART"),
    0x4D: N_("RELEASE"),
    0x4E: N_("RESTART ACKNOWLEDGE"),
    0x5A: N_("RELEASE COMPLETE"),
    0x60: N_("SEGMENT"),
    0x62: N_("FACILITY"),
    0x64: N_("REGISTER"),
    0x6E: N_("NOTIFY"),
    0x75: N_("STATUS ENQUIRY"),
    0x79: N_("CONGESTION CONTROL"),
    0x7B: N_("INFORMATION"),
    0x7D: N_("STATUS"),
}
#: Of AT&T's and the national switch types, with a protocol discriminator of their own.
MAINTENANCE: Texts = {0x0F: N_("SERVICE"), 0x07: N_("SERVICE ACKNOWLEDGE")}
#: By the control octet without its P/F bit. `poll` is " P/F" where that is set.
UNNUMBERED: Texts = {
    0x6F: N_("SABME%(poll)s"),
    0x0F: N_("DM%(poll)s"),
    0x03: N_("UI%(poll)s"),
    0x43: N_("DISC%(poll)s"),
    0x63: N_("UA%(poll)s"),
    0x87: N_("FRMR%(poll)s"),
    0xAF: N_("XID%(poll)s"),
}
SUPERVISORY: Texts = {
    0x01: N_("RR N(R)=%(received)d%(poll)s"),
    0x05: N_("RNR N(R)=%(received)d%(poll)s"),
    0x09: N_("REJ N(R)=%(received)d%(poll)s"),
}

#: table → what a number it has not is called
_OTHER = {
    "ton": N_("type %(value)d"),
    "npi": N_("plan %(value)d"),
    "location": N_("location %(value)d"),
    "capability": N_("capability %(value)d"),
    "layer1": N_("layer 1 %(value)d"),
    "reason": N_("reason %(value)d"),
    "subaddress": N_("type %(value)d"),
    "cause": N_("cause %(value)d"),
    "element": N_("element 0x%(value)02x"),
    "message": N_("message 0x%(value)02x"),
    "maintenance": N_("maintenance 0x%(value)02x"),
    "supervisory": N_("supervisory 0x%(value)02x N(R)=%(received)d%(poll)s"),
    "unnumbered": N_("unnumbered 0x%(value)02x%(poll)s"),
}
TABLES: dict[str, Texts] = {
    "ton": _TON,
    "npi": _NPI,
    "presentation": _PRESENTATION,
    "screening": _SCREENING,
    "location": _LOCATION,
    "progress": _PROGRESS,
    "capability": _CAPABILITY,
    "layer1": _LAYER1,
    "reason": _REASON,
    "state": _STATE,
    "notify": _NOTIFY,
    "signal": _SIGNAL,
    "restart": _RESTART,
    "channel": _CHANNEL,
    "basic": _BASIC_CHANNEL,
    "subaddress": _SUBADDRESS,
    "component": _COMPONENT,
    "cause": cause.TEXTS,
    "element": ELEMENTS,
    "message": MESSAGES,
    "maintenance": MAINTENANCE,
    "supervisory": SUPERVISORY,
    "unnumbered": UNNUMBERED,
}

SENTENCES: dict[str, str] = (
    {
        # ---- between several things
        "list": N_(", "),
        "services": N_("; "),
        # ---- what an element says
        "cause": N_("%(value)d %(text)s"),
        "from": N_("from %(where)s"),
        "diagnostic": N_("diagnostic %(octets)s"),
        "packet": N_("packet"),
        "exclusive": N_("exclusive"),
        "preferred": N_("preferred"),
        "d": N_("D channel"),
        "interface": N_("interface %(number)d"),
        "slots": N_("slot map %(octets)s"),
        "channels": N_("channel %(numbers)s"),
        "digits.none": N_("no digits"),
        "keys": N_("%(count)d keys (not shown)"),
        "protocol": N_("protocol %(number)d"),
        "unreadable": N_("cannot be read: %(octets)s"),
        "empty": N_("cannot be read: empty"),
        "element.of": N_("element 0x%(value)02x of codeset %(codeset)d"),
        # ---- services in a facility element; operations have the names of their standards
        "service": N_("%(component)s %(operation)s"),
        "service.text": N_("%(service)s %(texts)s"),
        "operation.other": N_("operation %(value)s"),
        "operation.unknown": N_("operation unknown"),
        "code": N_("code %(value)d"),
        # ---- a frame
        "cut": N_("cut off"),
        # ---- what is wrong with one
        "malformed": N_("%(what)s: %(detail)s"),
        "fault.frame.long": N_("frame too long"),
        "fault.frame.short": N_("frame too short"),
        "fault.address": N_("address"),
        "fault.message.short": N_("message too short"),
        "fault.message.unknown": N_("unknown message"),
        "fault.discriminator": N_("protocol discriminator"),
        "fault.reference": N_("call reference"),
        "fault.channel": N_("channel"),
        "fault.element": N_("information element"),
        "no_frame": N_("%(count)d octets are no frame"),
        "no_message": N_("%(count)d octets of message"),
        "octets": N_("%(count)d octets"),
        "octets.control": N_("%(count)d octets, control %(control)02x"),
        "octets.information": N_("%(count)d octets of information"),
        "octet": N_("0x%(value)02x"),
        "length": N_("length octet 0x%(value)02x"),
        "address": N_("%(sapi)02x %(tei)02x, not SAPI 0 TEI 0"),
        "type": N_("maintenance type 0x%(value)02x"),
        "element.cut": N_("0x%(identifier)02x cut off at %(at)d"),
        "element.long": N_("0x%(identifier)02x at %(at)d: %(said)d octets said, %(there)d there"),
        "element.short": N_("0x%(identifier)02x at %(at)d: only %(got)d octets"),
        "element.header": N_("0x%(identifier)02x at %(at)d: number header not ended"),
        "global": N_("%(message)s with the global one"),
        "global.channel": N_("%(message)s for 0x%(value)02x, not a B channel"),
        "service.reference": N_("SERVICE without the global one"),
        "service.channel": N_("SERVICE for anything but one B channel"),
        "service.elements": N_("SERVICE with more or less than it has"),
    }
    | {
        f"{table}.{number}": text
        for table, texts in TABLES.items()
        for number, text in texts.items()
    }
    | {f"{table}.other": text for table, text in _OTHER.items()}
)

_BOOK = Book(SENTENCES)
say, join = _BOOK.say, _BOOK.join


def known(table: str, number: int) -> Said | None:
    """What a value of a table says; None for one it has not."""
    return say(f"{table}.{number}") if number in TABLES[table] else None


def value(table: str, number: int, **more: object) -> Said:
    """What a value says, of a table that has words for all others too; `more` fills places."""
    if number in TABLES[table]:
        return say(f"{table}.{number}", **more)
    return say(f"{table}.other", value=number, **more)
