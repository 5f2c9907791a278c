"""`numloss losses`: the table of what there is."""

from __future__ import annotations

from typing import Any

import click

from .output import as_json, check_stdout, print_json, print_table

COLUMNS = ("loss", "family", "curvature", "convex", "adds up")


def call(loss: dict[str, Any]) -> str:
    """How a loss is called, with its defaults."""
    options = [*loss["required"], *(f"{name}={value!r}" for name, value in loss["options"].items())]
    return f"{loss['name']}({', '.join([*loss['inputs'], *(['*'] if options else []), *options])})"


@click.command("losses")
@click.option("--task", help="Only the losses of this task, such as regression.")
@as_json
def command(task: str | None, as_json: bool) -> None:
    """List the losses with all that is known about them."""
    from ..catalogue import list_losses

    check_stdout()
    records = list_losses(task)
    if as_json:
        print_json(records)
        return
    for task in dict.fromkeys(entry["task"] for entry in records):
        print_table(
            COLUMNS, [_row(entry) for entry in records if entry["task"] == task], str(task), unwrapped=COLUMNS[1:]
        )


def _row(entry: dict[str, Any]) -> tuple[Any, ...]:
    lines = [call(entry), *(f"  {name}: {text}" for name, text in entry["domains"].items())]
    lines += [f"  also {', '.join(entry['aliases'])}"] if entry["aliases"] else []
    over = "no" if entry["adds_up"] == "no" else f"over {entry['adds_up']}"
    return ("\n".join(lines), entry["family"], entry["curvature"], entry["convex"], over)
