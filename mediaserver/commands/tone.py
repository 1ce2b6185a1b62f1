"""`mediaserver audio tone`: test tones into WAV files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mediaserver.commands.common import Failed

if TYPE_CHECKING:
    from mediaserver.audio.sound import Pcm

F = TypeVar("F", bound=Callable[..., Any])


@click.group("tone")
def tone() -> None:
    """Make a test tone: 8 kHz, one channel, A-law, µ-law or 16-bit PCM.

    \b
    Examples:
      mediaserver audio tone dtmf 13800000001# -o keys.wav
      mediaserver audio tone plan cn ringback --seconds 10 -o ringback.wav
      mediaserver audio tone mfr2 1 3 8 --backward --plan cn -o backward.wav
      mediaserver audio tone milliwatt --law ulaw -o 1004.wav
      mediaserver audio tone callerid --number 13800000001 --name 'Wang Li' -o cid.wav

    Every tone takes --level (dBm0), --law, --before and --after (silence, s), -o and --force.
    """


def _common(
    level: float | None, seconds: float | None, what: str = "of the tone"
) -> Callable[[F], F]:
    """The options all tones have; `seconds` None: the tone has its own length."""

    def decorate(command: F) -> F:
        options: list[Callable[[F], F]] = [
            click.option(
                "-o",
                "--output",
                required=True,
                type=click.Path(path_type=Path, dir_okay=False),
                help="The WAV file to write.",
            ),
            click.option("--force", is_flag=True, help="Replace the file if it is there."),
            click.option(
                "--law",
                type=click.Choice(["alaw", "ulaw", "pcm"]),
                default="alaw",
                show_default=True,
            ),
            click.option("--before", default=0.0, help="Silence before, s."),
            click.option("--after", default=0.0, help="Silence after, s."),
        ]
        if seconds is not None:
            options.append(
                click.option("--seconds", default=seconds, show_default=True, help="How long.")
            )
        if level is not None:
            options.append(
                click.option("--level", default=level, show_default=True, help=f"dBm0, {what}.")
            )
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _write(
    make: Callable[[], Pcm], *, output: Path, force: bool, law: str, before: float, after: float
) -> None:
    """Make the tone and write it.  Failed with what to do where either cannot be done."""
    from mediaserver.audio import tones, wav

    try:
        samples = tones.framed(make(), before_s=before, after_s=after)
    except tones.NoTone as error:
        raise click.UsageError(str(error)) from None
    try:
        wav.write(output, samples, law, replace=force)
    except wav.Exists:
        raise Failed(f"{output} is there already", "--force replaces it") from None
    click.echo(f"{output}: {len(samples) / 8000:.3f} s, {law}, 8000 Hz")


@tone.command("dtmf")
@click.argument("keys")
@click.option("--on", default=80.0, show_default=True, help="Length of a key, ms.")
@click.option("--off", default=80.0, show_default=True, help="Pause after a key, ms.")
@click.option("--twist", default=0.0, show_default=True, help="High tone stronger by, dB.")
@_common(-9.0, None, "of the low tone")
def dtmf(keys: str, on: float, off: float, twist: float, level: float, **file: Any) -> None:
    """KEYS of 0-9 A-D * # (Q.23)."""
    from mediaserver.audio import tones

    form = {"level_dbm0": level, "twist_db": twist, "on_ms": on, "off_ms": off}
    _write(lambda: tones.dtmf(keys, **form), **file)


@tone.command("plan")
@click.argument("country")
@click.argument("name")
@click.option("--level", type=float, help="dBm0 of each frequency; without it the plan's.")
@_common(None, 10.0)
def plan(country: str, name: str, level: float | None, seconds: float, **file: Any) -> None:
    """The tone NAME of COUNTRY's plan: dial, ringback, busy, congestion, sit, vacant …

    A wrong name is answered with those there are: `mediaserver audio tone plan cn ? -o x.wav`.
    """
    from mediaserver.audio import tones

    _write(lambda: tones.national(country, name, seconds=seconds, level_dbm0=level), **file)


@tone.command("mfr2")
@click.argument("signals", nargs=-1, required=True, type=int)
@click.option("--backward", is_flag=True, help="Backward signals; without it forward ones.")
@click.option(
    "--plan", "country", default="itu", show_default=True, help="cn: China's backward set."
)
@click.option("--on", default=100.0, show_default=True, help="Length of a signal, ms.")
@click.option("--off", default=100.0, show_default=True, help="Pause after a signal, ms.")
@_common(-11.5, None, "of each tone")
def mfr2(
    signals: Sequence[int],
    backward: bool,
    country: str,
    on: float,
    off: float,
    level: float,
    **file: Any,
) -> None:
    """Register signals, numbered 1 to 15 (Q.441)."""
    from mediaserver.audio import tones

    form: dict[str, Any] = {"backward": backward, "china": country == "cn", "level_dbm0": level}
    _write(lambda: tones.registers(signals, on_ms=on, off_ms=off, **form), **file)


@tone.command("cng")
@_common(-11.0, 10.5)
def cng(level: float, seconds: float, **file: Any) -> None:
    """A fax machine that calls: 1100 Hz, 0.5 s on, 3 s off (T.30)."""
    from mediaserver.audio import tones

    _write(lambda: tones.calling(seconds=seconds, level_dbm0=level), **file)


@tone.command("ced")
@click.option("--reversals", is_flag=True, help="Phase reversals each 450 ms: ANS of V.25.")
@_common(-11.0, 3.3)
def ced(reversals: bool, level: float, seconds: float, **file: Any) -> None:
    """A fax machine or modem that answers: 2100 Hz (T.30, V.25)."""
    from mediaserver.audio import tones

    _write(lambda: tones.answer(seconds=seconds, level_dbm0=level, reversals=reversals), **file)


@tone.command("ansam")
@click.option("--no-reversals", is_flag=True, help="Without the phase reversals each 450 ms.")
@_common(-12.0, 3.3, "of the carrier")
def ansam(no_reversals: bool, level: float, seconds: float, **file: Any) -> None:
    """A V.8 modem that answers: 2100 Hz with 15 Hz, 20 % modulation and phase reversals."""
    from mediaserver.audio import tones

    form = {"reversals": not no_reversals, "modulated": True}
    _write(lambda: tones.answer(seconds=seconds, level_dbm0=level, **form), **file)


@tone.command("callerid")
@click.option("--number", help="Digits; without it: not available.")
@click.option("--name", help="Latin-1 text.")
@click.option("--time", help="MMDDHHMM.")
@click.option(
    "--modem", type=click.Choice(["bell202", "v23"]), default="bell202", show_default=True
)
@click.option("--sdmf", is_flag=True, help="The single format: time and number only.")
@click.option("--in-call", is_flag=True, help="As in call waiting: no channel seizure.")
@_common(-13.5, None, "of mark")
def callerid(
    number: str | None,
    name: str | None,
    time: str | None,
    modem: str,
    sdmf: bool,
    in_call: bool,
    level: float,
    **file: Any,
) -> None:
    """Caller ID by FSK: number, name and time in one message (GR-30, EN 300 659)."""
    from mediaserver.audio import tones

    def make() -> Pcm:
        message = tones.caller_message(number, name, time, single=sdmf)
        return tones.caller(message, modem=modem, level_dbm0=level, called=not in_call)

    _write(make, **file)


@tone.command("sine")
@click.argument("hz", type=float)
@_common(-10.0, 10.0)
def sine(hz: float, level: float, seconds: float, **file: Any) -> None:
    """One frequency, 1 to 3999 HZ."""
    from mediaserver.audio import tones

    _write(lambda: tones.sine(hz, seconds=seconds, level_dbm0=level), **file)


@tone.command("milliwatt")
@click.option(
    "--hz",
    type=click.Choice(["1004", "1020"]),
    default="1004",
    show_default=True,
    help="Frequency.",
)
@_common(0.0, 10.0)
def milliwatt(hz: str, level: float, seconds: float, **file: Any) -> None:
    """The reference tone: 1004 Hz (America) or 1020 Hz (O.6) at 0 dBm0."""
    from mediaserver.audio import tones

    _write(lambda: tones.sine(float(hz), seconds=seconds, level_dbm0=level), **file)


@tone.command("sweep")
@click.option("--from", "low", default=300.0, show_default=True, help="Hz.")
@click.option("--to", "high", default=3400.0, show_default=True, help="Hz.")
@_common(-10.0, 10.0)
def sweep(low: float, high: float, level: float, seconds: float, **file: Any) -> None:
    """From one frequency to another, each octave in the same time."""
    from mediaserver.audio import tones

    _write(lambda: tones.sweep(low, high, seconds=seconds, level_dbm0=level), **file)


@tone.command("noise")
@click.option("--band", is_flag=True, help="Only 300 to 3400 Hz.")
@click.option("--seed", default=1, show_default=True, help="Another number, another noise.")
@_common(-30.0, 10.0, "of the noise")
def noise(band: bool, seed: int, level: float, seconds: float, **file: Any) -> None:
    """White Gaussian noise."""
    from mediaserver.audio import tones

    _write(lambda: tones.noise(seconds=seconds, level_dbm0=level, band=band, seed=seed), **file)


@tone.command("silence")
@_common(None, 10.0)
def silence(seconds: float, **file: Any) -> None:
    """Nothing, in the law's own idle code."""
    from mediaserver.audio import tones

    _write(lambda: tones.silence(seconds=seconds), **file)
