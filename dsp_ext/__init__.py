"""The data plane: octets in, octets out, every channel, every block, no Python in between."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Compiled modules carry no annotations: `from dsp_ext import dtmf` is Any to the type checker.
    def __getattr__(name: str) -> Any: ...
