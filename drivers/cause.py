"""Q.850 clearing causes, as numbers and plain words.

What: every cause value that EuroISDN carries, its name, and which of them are
worth another try on another channel or trunk.
Source: ITU-T Q.850 (1998) table 1; the values libpri names are taken from its
header where the two agree.
"""

from __future__ import annotations

from enum import IntEnum

from drivers.said import N_


class Cause(IntEnum):
    """The causes the server itself gives or decides upon; others stay plain numbers."""

    UNALLOCATED = 1
    NO_ROUTE = 3
    NORMAL = 16
    USER_BUSY = 17
    NO_USER_RESPONDING = 18
    NO_ANSWER = 19
    REJECTED = 21
    NON_SELECTED = 26
    DESTINATION_OUT_OF_ORDER = 27
    INVALID_NUMBER = 28
    FACILITY_REJECTED = 29
    NORMAL_UNSPECIFIED = 31
    NO_CHANNEL = 34
    NETWORK_OUT_OF_ORDER = 38
    TEMPORARY_FAILURE = 41
    CONGESTION = 42
    CHANNEL_UNAVAILABLE = 44
    RESOURCE_UNAVAILABLE = 47
    INVALID_CALL_REFERENCE = 81
    INCOMPATIBLE = 88
    RECOVERY_ON_TIMER = 102
    PROTOCOL_ERROR = 111
    INTERWORKING = 127


#: Cause value → its name in English.
TEXTS: dict[int, str] = {
    1: N_("unallocated number"),
    2: N_("no route to transit network"),
    3: N_("no route to destination"),
    4: N_("send special information tone"),
    5: N_("misdialled trunk prefix"),
    6: N_("channel unacceptable"),
    7: N_("call awarded in an established channel"),
    8: N_("preemption"),
    9: N_("preemption, circuit reserved"),
    16: N_("normal call clearing"),
    17: N_("user busy"),
    18: N_("no user responding"),
    19: N_("no answer from user"),
    20: N_("subscriber absent"),
    21: N_("call rejected"),
    22: N_("number changed"),
    23: N_("redirection to new destination"),
    25: N_("exchange routing error"),
    26: N_("non-selected user clearing"),
    27: N_("destination out of order"),
    28: N_("invalid number format"),
    29: N_("facility rejected"),
    30: N_("response to STATUS ENQUIRY"),
    31: N_("normal, unspecified"),
    34: N_("no circuit or channel available"),
    38: N_("network out of order"),
    39: N_("permanent frame mode connection out of service"),
    40: N_("permanent frame mode connection operational"),
    41: N_("temporary failure"),
    42: N_("switching equipment congestion"),
    43: N_("access information discarded"),
    44: N_("requested circuit not available"),
    46: N_("precedence call blocked"),
    47: N_("resource unavailable, unspecified"),
    49: N_("quality of service not available"),
    50: N_("requested facility not subscribed"),
    53: N_("outgoing calls barred within CUG"),
    55: N_("incoming calls barred within CUG"),
    57: N_("bearer capability not authorized"),
    58: N_("bearer capability not presently available"),
    62: N_("inconsistency in access information and subscriber class"),
    63: N_("service or option not available"),
    65: N_("bearer capability not implemented"),
    66: N_("channel type not implemented"),
    69: N_("requested facility not implemented"),
    70: N_("only restricted digital bearer available"),
    79: N_("service or option not implemented"),
    81: N_("invalid call reference value"),
    82: N_("identified channel does not exist"),
    83: N_("suspended call exists, identity does not"),
    84: N_("call identity in use"),
    85: N_("no call suspended"),
    86: N_("call with identity cleared"),
    87: N_("user not member of CUG"),
    88: N_("incompatible destination"),
    90: N_("non-existent CUG"),
    91: N_("invalid transit network selection"),
    95: N_("invalid message, unspecified"),
    96: N_("mandatory information element missing"),
    97: N_("message type non-existent"),
    98: N_("message not compatible with call state"),
    99: N_("information element non-existent"),
    100: N_("invalid information element contents"),
    101: N_("message not compatible with call state"),
    102: N_("recovery on timer expiry"),
    103: N_("parameter non-existent, passed on"),
    110: N_("message with unrecognized parameter, discarded"),
    111: N_("protocol error, unspecified"),
    127: N_("interworking, unspecified"),
}

#: Another channel or trunk may carry the call after these.
RETRY_ELSEWHERE = frozenset({34, 38, 41, 42, 44, 47, 102})


def text(cause: int) -> str:
    """Q.850's words for a cause value; unknown values say so rather than fail."""
    return TEXTS.get(cause, f"cause {cause}")
