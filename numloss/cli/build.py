"""`numloss build`: laws of users compiled ahead of time."""

from __future__ import annotations

from pathlib import Path

import click

from .output import as_json, print_json

LEVELS = ("v2", "v3", "v4", "base")


@click.command("build")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=".", help="Where to put it.")
@click.option("--name", help="Name of the module; by default that of the file with _built.")
@click.option("--level", type=click.Choice(LEVELS), help="x86-64 level; by default the best of this CPU.")
@click.option("--text", is_flag=True, help="Write the Cython text alone.")
@as_json
def command(file: Path, output: Path, name: str | None, level: str | None, text: bool, as_json: bool) -> None:
    """Compile the losses that FILE makes of laws into a module that needs no Numba.

    FILE is Python that calls numloss.elementwise or numloss.rowwise. The module has its losses by their names, with the
    same bits. It needs Cython and a C compiler here, and neither where it is imported.
    """
    from .building import build

    path, names = build(file, output, name, level, text)
    if as_json:
        print_json({"module": str(path), "losses": names})
    else:
        click.echo(f"{', '.join(names)}: {path}")
