"""What commands print: a table for people, JSON for programs, a progress bar on a terminal."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from ..common.files import finite
from ..common.tables import WIDE, table

if TYPE_CHECKING:
    from rich.console import Console

# Seconds between two states of a progress bar: work that reports a thousand times a second is not held up.
REDRAWN_EVERY = 0.1

as_json = click.option("--json", "as_json", is_flag=True, help="Print figures as JSON.")


@contextlib.contextmanager
def standard_streams() -> Iterator[None]:
    """Streams that take any text, and none of whose handles another file can get, where they were closed before."""
    for handle in range(3):
        try:
            os.fstat(handle)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest that is free: this one
    stream = sys.stdout
    kept = stream.errors if isinstance(stream, io.TextIOWrapper) else None
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        if isinstance(stream, io.TextIOWrapper) and not stream.closed:
            stream.reconfigure(errors=kept)


def check_stdout() -> None:
    """Refuse work whose figures nobody could see."""
    if sys.stdout is None:
        raise click.ClickException("standard output is closed, and the figures would go nowhere else")


def silenced() -> bool:
    """Send what a standard stream could not be rid of nowhere; True if that was because nobody reads it any more."""
    unread = False
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            unread |= isinstance(error, BrokenPipeError)
            with contextlib.suppress(OSError):  # no stream of the system's
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return unread


def say(sentence: str) -> None:
    """Tell on standard error how work goes on; work does not end because nobody listens any more."""
    with contextlib.suppress(OSError):
        click.echo(sentence, err=True)


def print_json(content: Any) -> None:
    """Print JSON; numbers that it does not have become null."""
    click.echo(json.dumps(finite(content), indent=2, allow_nan=False))


def console(stderr: bool = False) -> Console:
    """Where tables (standard output) and progress (standard error) go."""
    from rich.console import Console

    found = Console(stderr=stderr, highlight=False)
    if not found.is_terminal and "COLUMNS" not in os.environ:  # what reads a pipe has no use for folded lines
        found.width = WIDE
    return found


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
