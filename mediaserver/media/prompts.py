"""Prompts by name: recorded files, spoken numbers, text to speech, music on hold.

What: `get(name)` understands
    "queue-thankyou"      NAME.wav in the first of the directories that has it
    "/path/to/file.wav"   a file
    "say:text"            speech, in `language` or the configured voice
    "digits:123#"         digit by digit
    "number:17"           as a number
How: whatever needed work (resampling, speech) is cached on disk by content; the
last used prompts stay in memory, so a busy flow touches no disk. `load` is
`get` off the control loop.
Limits: `MEMORY` octets of prompts in memory; a file changed on disk is heard
after `forget()`.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from mediaserver.media import music as tunes
from mediaserver.media import numbers, speech, wavfile
from mediaserver.media.cache import SoundCache, key
from mediaserver.media.errors import PromptBroken, PromptError, PromptMissing
from mediaserver.media.port import MediaPort
from mediaserver.media.prompt import Prompt, Samples

Now = Callable[[], int]

__all__ = ["Prompt", "PromptBroken", "PromptError", "PromptMissing", "Prompts"]

MEMORY = 64 * 2**20
_VERSION = "prompt-1"


class PromptSettings(Protocol):
    """The part of the configuration that is read here."""

    @property
    def directories(self) -> Sequence[Path]: ...

    @property
    def music(self) -> Path: ...

    @property
    def voice(self) -> str: ...


class Prompts:
    """Any thread may call `get` and `music`."""

    def __init__(self, settings: PromptSettings, cache_dir: Path | str) -> None:
        self.cache = SoundCache(Path(cache_dir))
        self._directories = tuple(Path(d) for d in settings.directories)
        self._music_dir = Path(settings.music)
        self._voice = settings.voice
        self._lock = threading.Lock()
        self._memory: OrderedDict[tuple[str, str], Prompt] = OrderedDict()
        self._octets = 0
        self._music: dict[Path, tunes.Music] = {}

    # ---- what others use

    def get(self, name: str, language: str = "") -> Prompt:
        """The prompt called `name`. Raises PromptMissing, PromptBroken, PromptError."""
        prompt = self._remembered(name, language)
        if prompt is None:
            samples = self._make(name, language)
            samples.flags.writeable = False
            prompt = Prompt(samples, name)
            self._remember(prompt, language)
        return prompt

    async def load(self, name: str, language: str = "") -> Prompt:
        """As `get`, off the control loop unless it is in memory."""
        prompt = self._remembered(name, language)
        if prompt is not None:
            return prompt
        return await asyncio.get_running_loop().run_in_executor(None, self.get, name, language)

    def number(self, number: int, language: str = "en") -> Prompt:
        """A whole number as people say it; recorded words in English, else speech."""
        return self.get(f"number:{number}", language)

    def music(self, directory: Path | str = "") -> tunes.Music:
        """Music on hold out of `directory` ("": the configured one). Raises PromptMissing."""
        where = Path(directory) if directory else self._music_dir
        with self._lock:
            known = self._music.get(where)
        if known is None:
            known = tunes.load(where, self.cache)
            with self._lock:
                known = self._music.setdefault(where, known)
        return known

    async def load_music(self, directory: Path | str = "") -> tunes.Music:
        """As `music`, off the control loop."""
        return await asyncio.get_running_loop().run_in_executor(None, self.music, directory)

    async def play_music(self, port: MediaPort, now_ms: Now, directory: Path | str = "") -> None:
        """Music on hold on a port, for as long as nobody cancels it.

        It begins where the common round is now, by media time, so that it goes on after something
        else was heard. Raises PromptError where there is none.
        """
        tune = await self.load_music(directory)
        await port.play(tune.at(now_ms()), loop=True)

    def forget(self) -> None:
        """Read files anew from now on."""
        with self._lock:
            self._memory.clear()
            self._music.clear()
            self._octets = 0

    # ---- memory

    def _remembered(self, name: str, language: str) -> Prompt | None:
        with self._lock:
            prompt = self._memory.get((name, language))
            if prompt is not None:
                self._memory.move_to_end((name, language))
            return prompt

    def _remember(self, prompt: Prompt, language: str) -> None:
        with self._lock:
            old = self._memory.pop((prompt.name, language), None)
            self._memory[prompt.name, language] = prompt
            self._octets += prompt.samples.nbytes - (old.samples.nbytes if old else 0)
            while self._octets > MEMORY and len(self._memory) > 1:
                _, dropped = self._memory.popitem(last=False)
                self._octets -= dropped.samples.nbytes

    # ---- making

    def _make(self, name: str, language: str) -> Samples:
        kind, colon, rest = name.partition(":")
        if not colon:
            return self._file(name)
        if kind == "say":
            return self._speech(rest, language)
        try:
            if kind == "digits":
                return self._spoken(numbers.spell(rest), " ".join(rest), language)
            if kind == "number":
                return self._spoken(numbers.words(numbers.parse(rest)), rest, language)
        except ValueError as error:
            raise PromptError(f"prompt {name!r}: {error}") from None
        return self._file(name)

    def _spoken(self, words: Sequence[str], text: str, language: str) -> Samples:
        if language not in ("", "en"):
            return self._speech(text, language)
        return np.concatenate([self.get(word).samples for word in words])

    def _speech(self, text: str, language: str) -> Samples:
        voice = speech.voice_for(text, language or self._voice)
        name = key(_VERSION, voice, text)
        return self.cache.get(name, lambda: speech.speak(text, voice))

    def _file(self, name: str) -> Samples:
        path = self._find(name)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise PromptBroken(str(path), error.strerror or str(error)) from None
        return self.cache.get(key(_VERSION, content), lambda: wavfile.decode(content, str(path)))

    def _find(self, name: str) -> Path:
        wanted = Path(name)
        if ".." in wanted.parts or not name or "\0" in name:
            raise PromptMissing(name, hint="a prompt's name has no '..' in it")
        file = wanted if wanted.suffix == ".wav" else wanted.with_name(f"{wanted.name}.wav")
        directories = (Path("/"),) if wanted.is_absolute() else self._directories
        for directory in directories:
            if (directory / file).is_file():
                return directory / file
        looked = [str(file)] if wanted.is_absolute() else [str(d) for d in directories]
        raise PromptMissing(name, tuple(looked))
