"""What an exchange says of a call besides its numbers, as one line for the call's story."""

from __future__ import annotations

from drivers.events import AdviceOfCharge, CallWaits, Connected, LineEvent, Number, Setup


def told(event: LineEvent) -> list[tuple[str, str]]:
    """(what, text) for each thing said; see `mediaserver.events.LineTold`.

    A number that its owner withholds is not told.
    """
    if isinstance(event, Setup):
        return _of_setup(event)
    if isinstance(event, Connected) and (event.number or event.name):
        return [("connected", _party(event.number or Number(), event.name))]
    if isinstance(event, CallWaits):
        return [("waiting", _party(event.calling, event.name))]
    if isinstance(event, AdviceOfCharge):
        return [("charged" if event.final else "charge", _amount(event))]
    return []


def _of_setup(event: Setup) -> list[tuple[str, str]]:
    found = []
    if (sent_on := event.redirecting) is not None:
        times = f", {sent_on.count} times" if sent_on.count > 1 else ""
        who = _party(sent_on.number, sent_on.name)
        found.append(("redirected", f"{who} ({sent_on.reason}{times})"))
    if event.called_subaddress:
        found.append(("subaddress", event.called_subaddress))
    return found


def _party(number: Number, name: str) -> str:
    return "withheld" if number.withheld else f"{number.digits} {name}".strip() or "unavailable"


def _amount(event: AdviceOfCharge) -> str:
    if event.currency:
        return f"{event.amount} {event.currency}"
    return "free" if event.amount == "0" else f"{event.amount} units"
