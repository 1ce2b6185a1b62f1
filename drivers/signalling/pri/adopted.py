"""Calls in talk that libpri knows nothing of, as their signalling process died.

What: such a call is kept by answering for it. libpri answers STATUS ENQUIRY for a call it does not
know with RELEASE COMPLETE, which would end it; on its way out that becomes the STATUS which a
living libpri would have sent. The frame stays libpri's, numbers and repetitions too.
Source: Q.931 5.8.10 (STATUS ENQUIRY), 5.8.11 (STATUS), 4.5.7 (call state).
"""

from __future__ import annotations

from collections.abc import Collection

from drivers.signalling.pri import q931

_CAUSE = bytes((q931.IE_CAUSE, 2, 0x81, 0x80 | 30))  # response to STATUS ENQUIRY
_CALL_STATE, _ACTIVE, _NULL = 0x14, 10, 0
_HEADER = 4  # octets of an I frame before its message


def is_over(message: q931.Message) -> bool:
    """Whether a message says that the far end has the call no more."""
    state = message.elements.get(_CALL_STATE)
    gone = message.type == q931.STATUS and state is not None and state[0] & 0x3F == _NULL
    return gone or message.type in q931.CLEARING


def is_libpris(message: q931.Message) -> bool:
    """Whether libpri is to answer a message: anything else would move it to end the call."""
    return message.type in q931.CLEARING or message.type == q931.STATUS_ENQUIRY


def answered(frame: bytes, alive: Collection[int]) -> bytes:
    """A frame as it may go out; `alive` are references of such calls as sent frames carry them."""
    message = frame[_HEADER:]
    if len(frame) < _HEADER + 5 or frame[2] & 1 or message[:2] != bytes((q931.PROTOCOL, 2)):
        return frame
    if message[4] != q931.RELEASE_COMPLETE or int.from_bytes(message[2:4], "big") not in alive:
        return frame
    state = bytes((_CALL_STATE, 1, _ACTIVE))
    return frame[:_HEADER] + message[:4] + bytes((q931.STATUS,)) + _CAUSE + state
