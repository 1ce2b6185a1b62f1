"""Free UDP ports for spans over IP in a scenario, by name: `"port:up"` is the same port everywhere.

Every port is held until `given`, so that no two names get the same.
"""

from __future__ import annotations

import re
import socket
from types import TracebackType
from typing import Any

_NAME = re.compile(r"port:([\w-]+)")


class Ports:
    """Of one performance. A context manager: at its end all ports are free for whoever asked."""

    def __init__(self) -> None:
        self._held: list[socket.socket] = []
        self._named: dict[str, str] = {}

    def __enter__(self) -> Ports:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in self._held:
            each.close()

    def free(self) -> str:
        """ "127.0.0.1:PORT" of a port nobody has."""
        held = socket.socket(type=socket.SOCK_DGRAM)
        self._held.append(held)
        held.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{held.getsockname()[1]}"

    def placed(self, data: Any) -> Any:
        """Settings as data, with addresses for names of ports."""
        if isinstance(data, dict):
            return {key: self.placed(value) for key, value in data.items()}
        if isinstance(data, list):
            return [self.placed(value) for value in data]
        if isinstance(data, str) and (named := _NAME.fullmatch(data)):
            if named[1] not in self._named:
                self._named[named[1]] = self.free()
            return self._named[named[1]]
        return data
