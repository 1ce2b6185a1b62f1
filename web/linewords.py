"""The names of the line doctor's figures, in the language of the page."""

from __future__ import annotations

import re

from flask import Flask
from flask_babel import lazy_gettext as _l

#: Figures by name, with N for a number in it.
FIGURES = {
    "in_dbm0": _l("Level in, dBm0"),
    "out_dbm0": _l("Level out, dBm0"),
    "level_dbm0": _l("Level, dBm0"),
    "noise_dbm0": _l("Noise, dBm0"),
    "noise_dbm0p": _l("Noise, weighted, dBm0p"),
    "hum_hz": _l("Mains, Hz"),
    "hum_dbm0": _l("Hum, dBm0"),
    "at_N_hz_dbm0": _l("At %(n)s Hz, dBm0"),
    "erl_db": _l("Echo loss, dB"),
    "erl_at_N_hz_db": _l("Echo loss at %(n)s Hz, dB"),
    "erle_db": _l("Cancelled, dB"),
    "delay_ms": _l("Echo delay, ms"),
    "echo_erl_db": _l("Echo loss, dB"),
    "echo_erle_db": _l("Cancelled, dB"),
    "echo_delay_ms": _l("Echo delay, ms"),
    "echo_double_talk": _l("Both speak"),
    "echo_disabled": _l("Canceller stands aside"),
    "bits": _l("Bits tested"),
    "bit_errors": _l("Bits wrong"),
    "errored_octets": _l("Octets wrong"),
    "error_rate": _l("Error rate"),
    "at_least_rate": _l("Error rate, at least"),
    "at_most_rate": _l("Error rate, at most"),
    "slips": _l("Slips"),
    "slipped_octets": _l("Octets slipped"),
    "losses": _l("Losses of the pattern"),
    "lost_octets": _l("Octets lost"),
    "missing_octets": _l("Octets missing"),
    "hz": _l("Frequency, Hz"),
    "hz_N": _l("Frequency %(n)s, Hz"),
    "on_ms": _l("Sound, ms"),
    "off_ms": _l("Pause, ms"),
    "rate": _l("Rate, bit/s"),
    "snr_db": _l("Signal to noise, dB"),
    "carrier_hz": _l("Carrier, Hz"),
}
_WAYS = {"there": _l("There: %(figure)s"), "back": _l("Back: %(figure)s")}
_NUMBER = re.compile(r"(?<=_)\d+")  # the 0 of dBm0 is none


def figure_words(name: str) -> str:
    """A figure's name; one without words, as it is."""
    way, _between, rest = name.partition("_")
    if way in _WAYS:
        return str(_WAYS[way]) % {"figure": figure_words(rest)}
    numbers = _NUMBER.findall(name)
    found = FIGURES.get(_NUMBER.sub("N", name))
    if found is None:
        return name.replace("_", " ")
    return str(found) % {"n": numbers[0]} if numbers else str(found)


def init(app: Flask) -> None:
    """For the templates."""
    app.jinja_env.globals.update(figure_words=figure_words)
