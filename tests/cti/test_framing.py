"""However a stream of lines is cut into pieces, the same requests are read from it."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mediaserver.cti.connection import Connection
from tests.cti.rig import Rig

LINES = [
    b'{"v":1,"id":1,"method":"hello"}\n',
    b'{"v":1,"id":"\xe7\x8e\x8b","method":"ping"}\n',
    b"\xff\xfe\n",
    b"\n",
    b"   \r\n",
    b'{"v":1,"id":2,"method":"calls"}\r\n',
    b"x" * 300 + b"\n",
    b'{"v":1,"id":3,"method":"nothing"}\n',
]


class Memory(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__({"socket": sock})
        self.written = bytearray()
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: Any = None, low: Any = None) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closed

    def is_reading(self) -> bool:
        return True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def can_write_eof(self) -> bool:
        return False

    def abort(self) -> None:
        self.closed = True

    close = abort


async def replies(pieces: list[bytes], max_line: int) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        rig = Rig(Path(directory), max_line=max_line)
    near, far = socket.socketpair(socket.AF_UNIX)
    with near, far:
        transport = Memory(near)
        connection = Connection(rig.server)
        connection.connection_made(transport)
        for piece in pieces:
            connection.data_received(piece)
            while connection._worker is not None:
                await asyncio.sleep(0)
        connection.connection_lost(None)
    return bytes(transport.written)


@settings(max_examples=100, deadline=None)
@example([LINES[0], LINES[6]], [len(LINES[0])], 100)
@given(
    st.lists(st.sampled_from(LINES), max_size=12),
    st.lists(st.integers(0, 1500), max_size=12),
    st.sampled_from([100, 1000]),
)
def test_pieces_do_not_matter(lines: list[bytes], cuts: list[int], max_line: int) -> None:
    stream = b"".join(lines)
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    pieces = [stream[a:b] for a, b in zip(places, places[1:], strict=False)]
    whole = asyncio.run(replies([stream], max_line))
    assert asyncio.run(replies(pieces, max_line)) == whole
    if max_line == 100 and LINES[6] in lines:
        assert b"line_too_long" in whole
