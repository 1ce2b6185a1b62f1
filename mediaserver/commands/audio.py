"""`mediaserver audio`: what is heard in a recording, and test tones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from mediaserver.commands.common import Misused, make_table, out, plain, print_json
from mediaserver.commands.tone import tone

if TYPE_CHECKING:
    from mediaserver.audio.examine import Remark
    from mediaserver.audio.hear import Heard
    from mediaserver.audio.sound import Sound

STYLES = {"key": "cyan", "keys": "bold cyan", "caller-id": "bold green", "mfr2": "magenta"}
STYLES |= {"tone": "yellow", "fax": "bold yellow", "voice": "", "sound": "dim"}


@click.group("audio")
def command() -> None:
    """Hear what is in a recording, and make test tones.

    \b
    Examples:
      mediaserver audio decode call.wav
      mediaserver audio doctor call.wav
      mediaserver audio tone dtmf 0123456789 -o keys.wav
      mediaserver audio tone plan cn busy -o busy.wav
    """


command.add_command(tone)


def recording(path: Path) -> Sound:
    """The recording; what is wrong with it in words."""
    from mediaserver.audio.sound import NotHeard, read

    try:
        return read(path)
    except NotHeard as error:
        raise Misused(str(error), "a WAV of A-law, µ-law or PCM samples is wanted") from None


@command.command("decode")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--plan", default="cn", show_default=True, help="The country whose tones are known.")
@click.option("--mfr2", is_flag=True, help="MF-R2 register signals, too; China's with plan cn.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def decode(file: Path, plan: str, mfr2: bool, as_json: bool) -> None:
    """Tell what is heard in FILE: keys, tones, fax, modem, caller ID, voice; when and how loud.

    FILE is a WAV of A-law, µ-law or PCM samples of any rate. In a stereo file each side
    is told apart, as in our recordings: the caller left, the agent right. Keys are shown
    as they were pressed, PINs among them.

    \b
    Examples:
      mediaserver audio decode call.wav
      mediaserver audio decode r2.wav --mfr2 --plan mx
      mediaserver audio decode call.wav --json | jq -r '.heard[] | select(.kind == "keys").what'

    Levels are dBm0: of keys and register signals both tones together, of messages the mark.
    Exit code 0: done, even if nothing was heard; 2: FILE cannot be read.
    """
    from dsp_ext.tone_plan import UnknownTone

    sound = recording(file)
    from mediaserver.audio.hear import listen

    try:
        heard = listen(sound, plan, mfr2=mfr2)
    except UnknownTone as error:
        raise click.BadParameter(str(error), param_hint="--plan") from None
    if as_json:
        print_json(_data(sound, heard))
        return
    _head(sound)
    if not heard:
        out.print("Nothing is heard in it.")
        return
    _table(sound, heard)


@command.command("doctor")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(file: Path, as_json: bool) -> None:
    """Say what ails FILE: level, noise, hum, clipping, clicks, and echo between its sides.

    FILE is a WAV as for `decode`. Echo is looked for where there are two sides, as in our
    recordings: what one side says and the other side hears again, up to 128 ms later.

    \b
    Examples:
      mediaserver audio doctor call.wav
      mediaserver audio doctor call.wav --json | jq '.[] | select(.state == "warn")'

    \b
    ✓ good    ! will be heard
    Exit code 0: nothing ails it; 1: something does; 2: FILE cannot be read.
    """
    from mediaserver.audio.examine import examine

    sound = recording(file)
    remarks = list(examine(sound))
    if as_json:
        print_json([remark.as_data() for remark in remarks])
    else:
        _head(sound)
        out.print()
        for remark in remarks:
            _remark(remark)
    if any(remark.state != "ok" for remark in remarks):
        raise SystemExit(1)


def _remark(remark: Remark) -> None:
    mark, style = ("✓", "green") if remark.state == "ok" else ("!", "bold yellow")
    line = Text(f"{mark} ", style=style) + Text(f"{remark.what:<10}{remark.side:<14}")
    out.print(line + plain(remark.text), soft_wrap=True)
    if remark.todo:
        out.print(Text("    → ", style=style) + plain(remark.todo), soft_wrap=True)


def _data(sound: Sound, heard: list[Heard]) -> dict[str, Any]:
    sides = [
        {"side": side, "level_dbm0": round(level, 1), "peak_dbm0": round(peak, 1)}
        for side, level, peak in sound.levels()
    ]
    return {
        "file": sound.file,
        "rate": sound.rate,
        "encoding": sound.encoding,
        "seconds": round(sound.seconds, 3),
        "sides": sides,
        "heard": [each.as_data() for each in heard],
    }


def _head(sound: Sound) -> None:
    line = plain(sound.file)
    line.append(f"  {sound.encoding}, {sound.rate} Hz, {_clock(sound.seconds)}", style="dim")
    out.print(line, soft_wrap=True)
    for side, level, peak in sound.levels():
        out.print(f"{side or 'level':<6} {level:6.1f} dBm0, peak {peak:5.1f} dBm0")


def _table(sound: Sound, heard: list[Heard]) -> None:
    stereo = len(sound.sides) > 1
    numbers = ("From", "Length", "dBm0")
    columns = ("From", "Length", *(("Side",) if stereo else ()), "dBm0", "Heard", "")
    table = make_table("", *columns, right=numbers)
    for each in heard:
        table.add_row(
            _clock(each.start_s),
            f"{each.end_s - each.start_s:.2f} s",
            *((each.side,) if stereo else ()),
            f"{each.level_dbm0:.1f}",
            _what(each),
            plain(each.detail),
        )
    out.print(table)


def _what(heard: Heard) -> Text:
    kinds = {"key": "key ", "keys": "keys ", "caller-id": "caller ID: ", "mfr2": "MF-R2 "}
    text = Text(kinds.get(heard.kind, ""), style=STYLES[heard.kind])
    return text.append_text(plain(heard.what))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:06.3f}"
