"""``python -m bench``: what this machine carries, against a named peer in the same run."""

from __future__ import annotations

from bench.command import command

if __name__ == "__main__":
    command(prog_name="python -m bench")
