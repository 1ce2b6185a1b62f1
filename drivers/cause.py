"""Q.850 clearing causes, as numbers and plain words.

What: every cause value that EuroISDN carries, its name, and which of them are
worth another try on another channel or trunk.
Source: ITU-T Q.850 (1998) table 1; the values libpri names are taken from its
header where the two agree.
"""

from __future__ import annotations

from enum import IntEnum


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
    RECOVERY_ON_TIMER = 102
    PROTOCOL_ERROR = 111
    INTERWORKING = 127


_TEXT: dict[int, str] = {
    1: "unallocated number",
    2: "no route to transit network",
    3: "no route to destination",
    4: "send special information tone",
    5: "misdialled trunk prefix",
    6: "channel unacceptable",
    7: "call awarded in an established channel",
    8: "preemption",
    9: "preemption, circuit reserved",
    16: "normal call clearing",
    17: "user busy",
    18: "no user responding",
    19: "no answer from user",
    20: "subscriber absent",
    21: "call rejected",
    22: "number changed",
    23: "redirection to new destination",
    25: "exchange routing error",
    26: "non-selected user clearing",
    27: "destination out of order",
    28: "invalid number format",
    29: "facility rejected",
    30: "response to STATUS ENQUIRY",
    31: "normal, unspecified",
    34: "no circuit or channel available",
    38: "network out of order",
    39: "permanent frame mode connection out of service",
    40: "permanent frame mode connection operational",
    41: "temporary failure",
    42: "switching equipment congestion",
    43: "access information discarded",
    44: "requested circuit not available",
    46: "precedence call blocked",
    47: "resource unavailable, unspecified",
    49: "quality of service not available",
    50: "requested facility not subscribed",
    53: "outgoing calls barred within CUG",
    55: "incoming calls barred within CUG",
    57: "bearer capability not authorized",
    58: "bearer capability not presently available",
    62: "inconsistency in access information and subscriber class",
    63: "service or option not available",
    65: "bearer capability not implemented",
    66: "channel type not implemented",
    69: "requested facility not implemented",
    70: "only restricted digital bearer available",
    79: "service or option not implemented",
    81: "invalid call reference value",
    82: "identified channel does not exist",
    83: "suspended call exists, identity does not",
    84: "call identity in use",
    85: "no call suspended",
    86: "call with identity cleared",
    87: "user not member of CUG",
    88: "incompatible destination",
    90: "non-existent CUG",
    91: "invalid transit network selection",
    95: "invalid message, unspecified",
    96: "mandatory information element missing",
    97: "message type non-existent",
    98: "message not compatible with call state",
    99: "information element non-existent",
    100: "invalid information element contents",
    101: "message not compatible with call state",
    102: "recovery on timer expiry",
    103: "parameter non-existent, passed on",
    110: "message with unrecognized parameter, discarded",
    111: "protocol error, unspecified",
    127: "interworking, unspecified",
}

#: Another channel or trunk may carry the call after these.
RETRY_ELSEWHERE = frozenset({34, 38, 41, 42, 44, 47})


def text(cause: int) -> str:
    """Q.850's words for a cause value; unknown values say so rather than fail."""
    return _TEXT.get(cause, f"cause {cause}")
