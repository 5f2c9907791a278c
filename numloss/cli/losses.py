"""`numloss losses`: the table of what there is."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import click

from .output import as_json, print_json, print_table

if TYPE_CHECKING:
    from ..registry import Loss

REQUIRED = inspect.Parameter.empty
COLUMNS = ("loss", "family", "curvature", "convex", "adds up")


def record(name: str) -> dict[str, Any]:
    """What is known about a loss, as plain data."""
    from ..registry import LOSSES

    loss = LOSSES[name]
    return {
        "name": loss.name,
        "task": loss.task,
        "family": loss.family,
        "inputs": list(loss.inputs),
        "options": loss.defaults,
        "curvature": loss.curvature,
        "convex": loss.convex,
        "adds_up": loss.adds_up,
        "aliases": list(loss.aliases),
    }


def call(loss: Loss) -> str:
    """How a loss is called, with its defaults."""
    options = [name if value is REQUIRED else f"{name}={value!r}" for name, value in loss.defaults.items()]
    return f"{loss.name}({', '.join([*loss.inputs, *(['*'] if options else []), *options])})"


@click.command("losses")
@click.option("--task", help="Only the losses of this task, such as regression.")
@as_json
def command(task: str | None, as_json: bool) -> None:
    """List the losses with all that is known about them."""
    from ..registry import LOSSES

    tasks = sorted({loss.task for loss in LOSSES.values()})
    if task is not None and task not in tasks:
        raise ValueError(f"unknown task {task!r}; there are {', '.join(tasks)}")
    names = sorted(LOSSES, key=lambda name: (LOSSES[name].task, name))
    records = [record(name) for name in names if task in (None, LOSSES[name].task)]
    if as_json:
        print_json(records)
        return
    for task in dict.fromkeys(entry["task"] for entry in records):
        print_table(
            COLUMNS, [_row(entry) for entry in records if entry["task"] == task], str(task), unwrapped=COLUMNS[1:]
        )


def _row(entry: dict[str, Any]) -> tuple[Any, ...]:
    from ..registry import LOSSES

    names = f"\n  also {', '.join(entry['aliases'])}" if entry["aliases"] else ""
    over = "no" if entry["adds_up"] == "no" else f"over {entry['adds_up']}"
    return (f"{call(LOSSES[entry['name']])}{names}", entry["family"], entry["curvature"], entry["convex"], over)
