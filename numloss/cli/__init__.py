"""The command line. Only this package imports click and rich, and rich only once there is something to print."""

from __future__ import annotations

import contextlib
import importlib
import signal
from collections.abc import Iterator
from typing import Any

import click

from ..version import __version__

COMMANDS = ("bench", "cluster", "evaluate", "info", "losses", "predict", "train", "warmup")
# What batch systems and closed terminals send.
ENDING = (signal.SIGTERM, signal.SIGHUP)


class Commands(click.Group):
    """Commands in modules of their own; what a user can set right ends in one sentence, not in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        from ..common.extras import MissingExtra
        from ..errors import BackendUnavailable
        from .output import silenced, standard_streams

        try:
            with standard_streams(), tidy_ends():
                return super().invoke(ctx)
        except (ValueError, IndexError, TypeError, OSError, BackendUnavailable, MissingExtra) as error:
            if silenced() and isinstance(error, BrokenPipeError):
                raise SystemExit(1) from None  # as in `numloss losses | head -1`, where nobody wants to know
            if ctx.params.get("traceback"):
                raise
            raise click.ClickException(str(error)) from error


@contextlib.contextmanager
def tidy_ends() -> Iterator[None]:
    """Make of signals that end a process an exit like any other, which removes what is half done; a second one kills.

    A signal that whoever started the process has set to be ignored stays so.
    """

    def leave(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise SystemExit(128 + number)

    kept = []
    with contextlib.suppress(ValueError):  # signals belong to the main thread
        for number in ENDING:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, leave)
                kept.append(number)
    try:
        yield
    finally:
        for number in kept:
            signal.signal(number, signal.SIG_DFL)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="numloss")
@click.option("--traceback", is_flag=True, help="Show where an error was raised.")
def main(traceback: bool) -> None:
    """Loss functions with their gradients and curvatures, at the speed of memory."""


for _name in COMMANDS:
    main.add_command(importlib.import_module(f".{_name}", __name__).command)
