"""``python -m bench.plots``: draw the pictures of docs/kernels anew."""

from __future__ import annotations

from pathlib import Path

import click

from bench.plots import load, names
from bench.report import ROOT


@click.command()
@click.argument("kernels", nargs=-1, metavar="[KERNEL]...", type=click.Choice(names()))
@click.option(
    "--out",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    default=ROOT / "docs" / "kernels",
    help="Directory for the SVG files.",
)
def main(kernels: tuple[str, ...], out: Path) -> None:
    """Draw the pictures of KERNELS, or of all that have one."""
    for name in kernels or names():
        path = out / f"{name}.svg"
        path.write_text(str(load(name)()), encoding="utf-8")
        click.echo(f"{path}: {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main(prog_name="python -m bench.plots")
