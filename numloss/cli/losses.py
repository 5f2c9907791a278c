"""`numloss losses`: what there is, a line each; one of them, with all that is known about it; or what words lead to."""

from __future__ import annotations

from typing import Any

import click

from .output import as_json, check_stdout, print_json, print_table


def signature(loss: dict[str, Any]) -> str:
    """How a loss is called, with its defaults."""
    options = [*loss["required"], *(f"{name}={value!r}" for name, value in loss["options"].items())]
    return f"{loss['name']}({', '.join([*loss['inputs'], *(['*'] if options else []), *options])})"


@click.command("losses")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--task", help="Only the losses of this task, such as regression.")
@click.option("--search", metavar="WORDS", help="Only losses whose name or description has all of these words.")
@as_json
def command(names: tuple[str, ...], task: str | None, search: str | None, as_json: bool) -> None:
    """List the losses, a line each; NAMEs, also those of other libraries, show what is known about each."""
    from ..catalogue import found, list_losses, loss_named

    check_stdout()
    records = list_losses(task)
    if search is not None:
        places = {loss.name: place for place, loss in enumerate(found(search.split()))}
        records = sorted((each for each in records if each["name"] in places), key=lambda each: places[each["name"]])
    if names:
        wanted = dict.fromkeys(loss_named(name).name for name in names)
        records = [each for name in wanted for each in records if each["name"] == name]
    if as_json:
        print_json(records)
    elif names:
        for record in records:
            _print_page(record)
    elif not records:
        click.echo(f"no loss has all of these words: {search}")
    elif search is not None:
        _print_lines(records, f"losses for {search!r}, the likeliest first")
    else:
        for each in dict.fromkeys(record["task"] for record in records):
            _print_lines([record for record in records if record["task"] == each], str(each))


def _print_lines(records: list[dict[str, Any]], title: str) -> None:
    from ..catalogue import summary
    from ..registry import LOSSES

    rows = [(each["name"], summary(LOSSES[each["name"]]).replace("``", "")) for each in records]
    print_table(("loss", "what it is"), rows, title, unwrapped=("loss",))


def _print_page(record: dict[str, Any]) -> None:
    from ..registry import LOSSES

    def known(answer: bool) -> str:
        return "yes" if answer else "no"

    page = LOSSES[record["name"]].function.__doc__ or ""
    click.echo(f"numloss.{signature(record)}\n\n{page.strip()}\n")
    over = "not at all" if record["adds_up"] == "no" else f"over {record['adds_up']}"
    facts = {
        "Task, family": f"{record['task']}, {record['family']}",
        "Also called": ", ".join(record["aliases"]),
        "Presets": ", ".join(record["presets"]),
        "Curvature": f"{known(record['curvature'])}; numloss.hvp: {known(record['hessian'])}",
        "Convex": known(record["convex"]),
        "Values of batches add up": over,
    }
    for name, text in facts.items():
        if text:
            click.echo(f"{name}: {text}")
    click.echo("")
