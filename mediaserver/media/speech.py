"""Text to speech by espeak-ng, for what nobody has recorded.

What: text goes in by standard input, a WAV comes back in a file of its own;
arguments are a list, never a shell's line. Limits: `LONGEST` characters,
`TIMEOUT_S` seconds.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from mediaserver.media import wavfile
from mediaserver.media.errors import PromptError, PromptMissing
from mediaserver.media.prompt import Samples

LONGEST = 1000
TIMEOUT_S = 30
_VOICE = re.compile(r"[A-Za-z][\w+-]*")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def voice_for(text: str, voice: str) -> str:
    """Mandarin for Chinese text, whatever the house's voice is; else `voice`."""
    if voice.startswith("zh"):
        return "cmn"
    spoken = voice.startswith(("cmn", "yue"))
    return "cmn" if _CHINESE.search(text) and not spoken else voice


def speak(text: str, voice: str, program: str = "espeak-ng") -> Samples:
    """`text` as sound: int16 ndarray of shape (n,), 8 kHz.

    Raises PromptMissing when there is no `program`, PromptError when it fails.
    """
    if not text.strip() or len(text) > LONGEST:
        raise PromptError(f"speech of {len(text)} characters; 1 to {LONGEST} are allowed")
    if not _VOICE.fullmatch(voice):
        raise PromptError(f"{voice!r} is not the name of a voice")
    with tempfile.TemporaryDirectory() as directory:
        wav = Path(directory) / "speech.wav"
        command = [program, "-v", voice, "--stdin", "-w", str(wav)]
        try:
            done = subprocess.run(
                command, input=text.encode(), capture_output=True, timeout=TIMEOUT_S, check=False
            )
        except FileNotFoundError:
            hint = f"{program} is not installed (Debian package espeak-ng)"
            raise PromptMissing(f"say:{text}", hint=hint) from None
        except subprocess.TimeoutExpired:
            raise PromptError(f"{program} took more than {TIMEOUT_S} s for {text!r}") from None
        if done.returncode != 0 or not wav.exists():
            said = done.stderr.decode(errors="replace").strip()[-200:]
            raise PromptError(f"{program} -v {voice} failed for {text!r}: {said or 'no sound'}")
        return wavfile.decode(wav.read_bytes(), f"speech of {text!r}")
