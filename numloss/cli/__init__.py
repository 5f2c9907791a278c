"""The command line. Only this package imports click and rich, and rich only once there is something to print."""

from __future__ import annotations

import importlib
from typing import Any

import click

from ..version import __version__

COMMANDS = ("bench", "build", "cluster", "evaluate", "info", "losses", "predict", "score", "train", "warmup")

class Commands(click.Group):
    """Commands in modules of their own; what a user can set right ends in one sentence, not in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        from .ending import tidy_ends
        from .output import standard_streams
        from .sentences import sentences

        with sentences(), standard_streams(), tidy_ends():
            return super().invoke(ctx)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="numloss")
@click.option("--traceback", is_flag=True, help="Show where an error was raised.")
def main(traceback: bool) -> None:
    """Loss functions with their gradients and curvatures, at the speed of memory."""


for _name in COMMANDS:
    main.add_command(importlib.import_module(f".{_name}", __name__).command)
