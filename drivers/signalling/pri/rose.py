"""Names of the supplementary services in a facility element (ROSE components in BER).

What: which operation is invoked, answered or refused, with the texts in it. Operations keep the
names their standards give them.
Limits: names only; arguments are shown as far as they are text. Never raises on
any octets: what cannot be read is shown as hex.
Source: Q.932 8.2, X.229; operation values: EN 300 182 (AOC), 207 (diversion),
369 (ECT), ECMA-164 (names), ECMA-174 (diversion), ECMA-178 (transfer).
"""

from __future__ import annotations

from collections.abc import Iterator

from drivers.said import Said
from drivers.signalling.pri.q931_values import TABLES, join, say

_ETSI = {
    6: "ectExecute",
    7: "activationDiversion",
    8: "deactivationDiversion",
    11: "interrogationDiversion",
    12: "diversionInformation",
    13: "callDeflection",
    14: "callRerouteing",
    15: "divertingLegInformation2",
    18: "divertingLegInformation1",
    19: "divertingLegInformation3",
    30: "chargingRequest",
    31: "aOCSCurrency",
    32: "aOCSSpecialArr",
    33: "aOCDCurrency",
    34: "aOCDChargingUnit",
    35: "aOCECurrency",
    36: "aOCEChargingUnit",
}
_QSIG = {
    0: "callingName",
    1: "calledName",
    2: "connectedName",
    3: "busyName",
    7: "callTransferIdentify",
    8: "callTransferAbandon",
    9: "callTransferInitiate",
    10: "callTransferSetup",
    11: "callTransferActive",
    12: "callTransferComplete",
    13: "callTransferUpdate",
    14: "subaddressTransfer",
    15: "activateDiversionQ",
    16: "deactivateDiversionQ",
    17: "interrogateDiversionQ",
    18: "checkRestriction",
    19: "callRerouteing",
    20: "divertingLegInformation1",
    21: "divertingLegInformation2",
    22: "divertingLegInformation3",
}
_PROFILES = (0x11, 0x1F)  # octet 3: remote operations, networking extensions
_DEEPEST = 8


def said(data: bytes) -> Said | str:
    """The components of a facility element's content."""
    if not data or data[0] & 0x1F not in _PROFILES:
        return data.hex()
    qsig = data[0] & 0x1F == 0x1F
    walked = _walk(data[1:])
    found = [_component(tag, body, qsig) for tag, body in walked if tag in TABLES["component"]]
    return join("services", found) or data.hex()


def _component(tag: int, body: bytes, qsig: bool) -> Said:
    parts = list(_walk(body))
    found = say(f"component.{tag}")
    operation = _operation(tag, parts, qsig)
    if operation is not None:
        found = say("service", component=found, operation=operation)
    texts = " ".join(f"“{text}”" for text in _texts(body, 0))
    return say("service.text", service=found, texts=texts) if texts else found


def _operation(tag: int, parts: list[tuple[int, bytes]], qsig: bool) -> Said | str | None:
    if tag == 0xA2:  # the operation is in a sequence of its own
        inner = next((body for kind, body in parts if kind == 0x30), b"")
        parts = [(0x02, b""), *_walk(inner)]
    for kind, body in parts[1:]:
        if kind == 0x06:
            oid = _oid(body)
            return say("operation.other", value=oid) if oid else say("operation.unknown")
        if kind == 0x02 and body:
            number = int.from_bytes(body[:4], "big")
            if tag not in (0xA1, 0xA2):
                return say("code", value=number)
            known = _QSIG if qsig else _ETSI
            return known.get(number) or say("operation.other", value=number)
    return None


def _walk(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of each value, as far as they can be read; one-octet tags."""
    at = 0
    while at + 1 < len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length == 0x80:  # indefinite: to the end
            length = len(data) - at
        elif length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        yield tag, data[at : at + length]
        at += length


def _texts(data: bytes, depth: int) -> Iterator[str]:
    """Strings of two and more printable characters, however deep."""
    for tag, body in _walk(data):
        if tag & 0x20 and depth < _DEEPEST:
            yield from _texts(body, depth + 1)
        elif tag not in (0x01, 0x02, 0x05, 0x06, 0x0A) and len(body) > 1:
            text = body.decode("latin-1")
            if text.isprintable():
                yield text


def _oid(body: bytes) -> str:
    """As dotted numbers; "" for none."""
    numbers, value = [], 0
    for octet in body:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    if not numbers:
        return ""
    first = min(numbers[0] // 40, 2)
    return ".".join(str(number) for number in (first, numbers[0] - first * 40, *numbers[1:]))
