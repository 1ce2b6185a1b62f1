"""What can go wrong in the media rooms, by name."""

from __future__ import annotations


class MediaError(Exception):
    """A request the media session cannot carry out; says which and why."""


class PromptError(Exception):
    """A prompt cannot be had; names the file or prompt and the reason."""


class PromptMissing(PromptError):
    """No such prompt. `looked` lists the places searched."""

    def __init__(self, name: str, looked: tuple[str, ...] = (), hint: str = "") -> None:
        where = f"; looked in {', '.join(looked)}" if looked else ""
        super().__init__(f"prompt {name!r} is missing{where}{'; ' + hint if hint else ''}")
        self.name = name
        self.looked = looked
        self.hint = hint


class PromptBroken(PromptError):
    """The file is there but cannot be played."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason
