"""Boards and their spans: the lines, as the configuration file tells them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from drivers.boards.dahdi.conf import channels_of
from mediaserver.config.analog import Analog
from mediaserver.config.cesopsn import OverIp
from mediaserver.config.em import Em
from mediaserver.config.part import Name, Part
from mediaserver.config.pri import Pri
from mediaserver.config.r2 import R2, check_variant

#: Lengths of the kernel's echo canceller; 0: it is off.
Taps = Literal[0, 128, 256, 512, 1024]


class Span(OverIp):
    """One line interface. `side`, `overlap`, `isolate`, `t309_s` and `pri` are PRI's, `variant`

    and `r2` those of signalling "mfcr2", `em` that of "em", whose `side` "user" gives way when two
    calls meet; `ports` and `analog` are analog's. `echo`: whether to
    cancel the echo of what is sent; None: on analog lines, whose hybrids make it, and not on E1.
    """

    name: Name
    kind: Literal["e1", "fxs", "fxo"]
    signalling: Literal["", "pri", "mfcr2", "em", "analog"] = ""  # "": what goes with the kind
    side: Literal["user", "network"] = "user"
    overlap: bool = True
    isolate: bool = True  # libpri in a process of its own, whose fault takes down no call
    t309_s: float = Field(default=90.0, ge=0, le=300)
    pri: Pri = Pri()
    ports: int = Field(default=8, ge=1, le=64)
    echo: bool | None = None
    analog: Analog = Analog()
    variant: str = ""
    r2: R2 = R2()
    em: Em = Em()
    kernel_echo_taps: Taps | None = None  # None: as the board's
    kernel_echo_on: str = ""  # the channels that have it, as in "1-15,20"; "": all
    receive_db: float = Field(default=0.0, ge=-24, le=24)  # gains in DAHDI's driver
    send_db: float = Field(default=0.0, ge=-24, le=24)
    dahdi: int = Field(default=0, ge=0, le=128)  # the span's number in DAHDI
    far_dahdi: int = Field(default=0, ge=0, le=128)  # of the other end, for the demo and the lab

    _known_variant = field_validator("variant")(check_variant)

    @field_validator("kernel_echo_on")
    @classmethod
    def _channels(cls, text: str) -> str:
        if text:
            channels_of(text)
        return text

    @model_validator(mode="after")
    def _signalling_fits(self) -> Span:
        fit = ("pri", "mfcr2", "em") if self.kind == "e1" else ("analog",)
        if self.signalling not in ("", *fit):
            words = " or ".join(f'"{each}"' for each in fit)
            raise ValueError(f'kind "{self.kind}" goes with signalling {words}')
        object.__setattr__(self, "signalling", self.signalling or fit[0])
        if self.signalling == "mfcr2":
            object.__setattr__(self, "variant", self.variant or "itu")
        elif self.variant or self.r2 != R2():
            raise ValueError('variant and r2 go with signalling "mfcr2"')
        if self.signalling != "pri" and self.pri != Pri():
            raise ValueError('pri goes with signalling "pri"')
        if self.signalling != "em" and self.em != Em():
            raise ValueError('em goes with signalling "em"')
        if self.signalling != "analog" and self.analog != Analog():
            raise ValueError('analog goes with kind "fxs" or "fxo"')
        waiting = self.analog.call_waiting
        if not isinstance(waiting, bool) and (wrong := [n for n in waiting if n > self.ports]):
            raise ValueError(f"analog.call_waiting: there is no port {wrong[0]}, of {self.ports}")
        if self.over_ip and self.kind != "e1":
            raise ValueError("local and remote are of an E1 over IP")
        if self.over_ip:
            self.carried(self.signalling)
        return self

    @property
    def has_bits(self) -> bool:
        """Whether its signalling is bits beside the channels, not messages."""
        return self.signalling in ("mfcr2", "em")

    @property
    def kernel_echo_channels(self) -> frozenset[int] | None:
        """The channels whose echo the kernel cancels; None: all of them."""
        if not self.kernel_echo_taps:
            return frozenset()
        return frozenset(channels_of(self.kernel_echo_on)) if self.kernel_echo_on else None

    @property
    def echo_left_to_card(self) -> frozenset[int]:
        """The channels on which ours stands back where it cancels on others of the span."""
        if self.echo is not None:
            return frozenset()
        return self.kernel_echo_channels or frozenset()

    @property
    def cancels_echo(self) -> bool:
        """Whether ours cancels on any channel: what `echo` says, or else what suits the kind where

        the kernel does not."""
        if self.echo is not None:
            return self.echo
        return self.kind != "e1" and self.kernel_echo_channels is not None

    @property
    def numbers(self) -> tuple[int, ...]:
        """The channels calls can use: timeslots 1–15 and 17–31 (over IP those carried), or

        ports from 1."""
        if self.over_ip:
            return tuple(slot for slot in self.carried(self.signalling) if slot != 16)
        if self.kind == "e1":
            return (*range(1, 16), *range(17, 32))
        return tuple(range(1, self.ports + 1))


class Board(Part):
    name: Name
    type: Literal["virtual", "dahdi", "cesopsn"] = "virtual"
    seed: int = 1
    prefill: int = Field(default=1, ge=1, le=16)  # blocks sent ahead of the line
    kernel_echo_taps: Taps = 0
    kernel_echo: Literal["mg2", "kb1", "sec", "sec2", "jpah", "oslec", "hpec"] = "mg2"
    join: bool = True  # DAHDI joins two in talk by itself where nobody else listens or sounds
    spans: Annotated[tuple[Span, ...], Field(alias="span", strict=False)] = ()

    @model_validator(mode="after")
    def _spans_are_of_the_board(self) -> Board:
        for span in self.spans:
            if bool(span.dahdi) != (self.type == "dahdi"):
                raise ValueError(
                    f'span {span.name}: "dahdi" is the number of its span in DAHDI; it is needed '
                    'on a board of type "dahdi" and has no meaning on others'
                )
            if span.over_ip != (self.type == "cesopsn"):
                raise ValueError(
                    f'span {span.name}: "local" and "remote" are the ends of an E1 over IP; they '
                    'are needed on a board of type "cesopsn" and have no meaning on others'
                )
            taps, on = span.kernel_echo_taps, span.kernel_echo_on
            own = (taps is not None, on, span.receive_db, span.send_db)
            if any(own) and self.type != "dahdi":
                raise ValueError(
                    f"span {span.name}: kernel_echo_taps, kernel_echo_on, receive_db and send_db "
                    'are DAHDI\'s, of a board of type "dahdi"'
                )
            if on and not (self.kernel_echo_taps if taps is None else taps):
                raise ValueError(
                    f"span {span.name}: kernel_echo_on names channels for DAHDI's canceller, which "
                    "kernel_echo_taps leaves off"
                )
        if self.type == "dahdi":
            object.__setattr__(self, "spans", tuple(map(self._with_taps, self.spans)))
        return self

    def _with_taps(self, span: Span) -> Span:
        if span.kernel_echo_taps is not None:
            return span
        return span.model_copy(update={"kernel_echo_taps": self.kernel_echo_taps})
