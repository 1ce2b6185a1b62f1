"""Every sentence that travels over CTI as a code and values, for clients that word it themselves.

What: of the signalling trace, of the line doctor, and of the server's refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drivers import said
from drivers.signalling.cas_words import SENTENCES as CAS
from drivers.signalling.pri.q931_values import SENTENCES as PRI
from mediaserver.alarms import SENTENCES as ALARMS
from mediaserver.cti.refusals import SENTENCES as REFUSALS
from mediaserver.linedoctor.sentences import SENTENCES as LINES

FAMILIES: tuple[Mapping[str, str], ...] = (PRI, CAS, LINES, REFUSALS, ALARMS)
SENTENCES: dict[str, str] = {code: text for family in FAMILIES for code, text in family.items()}


def worded(data: Mapping[str, Any] | None, translate: Callable[[str], str]) -> str:
    """What was said, in words; "" for None. `translate` gives an English text in a language.

    Raises KeyError, TypeError or ValueError for what this program has no sentence for.
    """
    return said.worded(data, SENTENCES, translate)
