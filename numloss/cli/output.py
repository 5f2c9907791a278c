"""What commands print: a table for people, JSON for programs, a progress bar on a terminal."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from ..common.files import finite
from ..common.tables import table

if TYPE_CHECKING:
    from rich.console import Console

# Seconds between two states of a progress bar: work that reports a thousand times a second is not held up.
REDRAWN_EVERY = 0.1

as_json = click.option("--json", "as_json", is_flag=True, help="Print figures as JSON.")


def print_json(content: Any) -> None:
    """Print JSON; numbers that it does not have become null."""
    click.echo(json.dumps(finite(content), indent=2, allow_nan=False))


def console(stderr: bool = False) -> Console:
    """Where tables (standard output) and progress (standard error) go."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "", unwrapped: Sequence[str] = ()
) -> None:
    """Print a table; a column of numbers is set to the right, those in `unwrapped` keep their lines."""
    from rich.text import Text

    if title:  # above the table, not in it, where it would be folded to the width of the columns
        console().print(Text(title, style="bold"), soft_wrap=True)
    console().print(table(columns, rows, unwrapped))


@contextlib.contextmanager
def progress(what: str, total: float, wanted: bool = True) -> Iterator[Callable[[float, str], None]]:
    """A progress bar on standard error if that is a terminal; the block calls it with what is done and a note."""
    terminal = console(stderr=True)
    if not (wanted and terminal.is_terminal):
        yield lambda done, note: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=terminal, transient=True) as bar:
        task = bar.add_task(what, total=total, note="")
        shown = 0.0

        def show(done: float, note: str) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown >= REDRAWN_EVERY or done >= total:
                shown = now
                bar.update(task, completed=done, note=note)

        yield show
