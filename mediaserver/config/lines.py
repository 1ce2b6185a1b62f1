"""Which line of a TOML text a key stands on; tomllib gives values without places.

`scan` walks statements, not values: it knows headers, dotted and quoted keys,
and skips strings and nested brackets, so it is right for every text tomllib
accepts. Inside a list the line of each element is kept; deeper places take
the line of what encloses them.
"""

from __future__ import annotations

import re

from mediaserver.config.problems import Where

_KEY_PART = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)\s*""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")|' r"'''.*?'{3,5}(?!')|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def scan(text: str) -> dict[Where, int]:
    """Line (from 1) of each table, key and list element of a TOML text that tomllib accepts."""
    return _Scan(text.replace("\r\n", "\n")).run()


def line_of(lines: dict[Where, int], where: Where) -> int:
    """The line of `where`, or of the nearest thing around it that has one; 0 if none has."""
    for end in range(len(where), 0, -1):
        if where[:end] in lines:
            return lines[where[:end]]
    return 0


class _Scan:
    def __init__(self, text: str) -> None:
        self.text, self.at, self.line = text, 0, 1
        self.lines: dict[Where, int] = {}
        self.counts: dict[Where, int] = {}  # tables seen of each [[array]]
        self.table: Where = ()

    def run(self) -> dict[Where, int]:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\n" or char in " \t":
                self._skip(1)
            elif char == "#":
                self._comment()
            elif char == "[":
                self._header()
            else:
                self._pair()
        return self.lines

    def _skip(self, count: int) -> None:
        self.line += self.text.count("\n", self.at, self.at + count)
        self.at += count

    def _comment(self) -> None:
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _key(self) -> list[str]:
        parts = []
        while match := _KEY_PART.match(self.text, self.at):
            self.at = match.end()
            parts.append(_unquote(match[1]))
            if self.text[self.at : self.at + 1] != ".":
                break
            self.at += 1
        return parts

    def _header(self) -> None:
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        *outer, last = self._key()
        self.at += 2 if array else 1
        path: Where = ()
        for part in outer:
            path = self._into(path, part)
        if array:
            path = (*path, last)
            self.lines.setdefault(path, self.line)
            index = self.counts.get(path, -1) + 1
            self.counts[path] = index
            path = (*path, index)
        else:
            path = self._into(path, last)
        self.lines.setdefault(path, self.line)
        self.table = path

    def _into(self, path: Where, part: str) -> Where:
        """`path.part`, meaning the newest table where that is an [[array]]."""
        path = (*path, part)
        return (*path, self.counts[path]) if path in self.counts else path

    def _pair(self) -> None:
        start = self.line
        path = self.table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, start)
        self.at += 1  # the "="
        self._value(path)

    def _value(self, path: Where) -> None:
        """Skip a value: to the end of its line, or of the line its last bracket is on."""
        brackets: list[str] = []
        index, fresh = 0, True  # of the outermost list; fresh: its next element has not begun
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\n" and not brackets:
                return
            if char == "#":
                self._comment()
                continue
            if brackets == ["["] and fresh and char not in " \t\n,]":
                self.lines.setdefault((*path, index), self.line)
                fresh = False
            if char == "," and brackets == ["["]:
                index, fresh = index + 1, True
            elif char in "[{":
                brackets.append(char)
            elif char in "]}":
                brackets.pop()
            string = _STRING.match(self.text, self.at) if char in "\"'" else None
            self._skip(len(string[0]) if string else 1)


def _unquote(part: str) -> str:
    if part[0] == "'":
        return part[1:-1]
    if part[0] == '"':
        return _ESCAPE.sub(_unescape, part[1:-1])
    return part


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(match[3], match[3])
