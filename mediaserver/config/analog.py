"""What telephones and exchange lines may set of their own: `[board.span.analog]`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from drivers.signalling.analog.callerid import Scheme, of_country, schemes
from drivers.signalling.analog.country import countries
from mediaserver.config.part import Part
from mediaserver.config.problems import did_you_mean

Disconnects = tuple[Literal["busy", "current", "polarity", "silence"], ...]
Ports = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False)]


class Analog(Part):
    """docs/analog.md tells what each key does."""

    country: str = ""  # "": that of [media] tone_plan
    dial: Literal["dtmf", "pulse"] = "dtmf"
    wait_dial_tone: bool = True
    answer: Literal["tones", "polarity", "dialled"] = "tones"
    answer_after_s: float = Field(default=30.0, ge=0, le=300)
    disconnect: Annotated[Disconnects, Field(strict=False, min_length=1)] = ("current", "busy")
    silence_s: float = Field(default=60.0, ge=5, le=3600)
    polarity_on_answer: bool = False
    call_waiting: bool | Ports = False
    caller_id: str = ""  # "": as the country does it

    @field_validator("country")
    @classmethod
    def _known_country(cls, country: str) -> str:
        if country and country not in countries():
            raise ValueError(did_you_mean(country, list(countries())))
        return country

    @field_validator("caller_id")
    @classmethod
    def _known_scheme(cls, name: str) -> str:
        if name and name not in (known := ["off", *schemes()]):
            raise ValueError(did_you_mean(name, known))
        return name

    def scheme(self, plan: str) -> Scheme | None:
        """How caller ID goes on the span's lines; None: it does not."""
        return of_country(self.country or plan, self.caller_id)

    def options(self, plan: str) -> dict[str, Any]:
        """As `drivers.registry.signalling("analog", …)` takes them; `plan` is the tone plan."""
        own = self.model_dump(exclude={"silence_s", "country"})
        return {"country": self.country or plan, **own}
