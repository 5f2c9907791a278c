"""`numloss train`: a network on a data set with any fitting loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..train import Settings
from .output import as_json, print_json, print_table, progress

if TYPE_CHECKING:
    from pathlib import Path

    from ..train import Run

DEFAULTS = Settings()


@click.command("train", context_settings={"show_default": True})
@click.option("--data", default=DEFAULTS.data, help="digits, or an .npz archive with features and target.")
@click.option("--model", default=DEFAULTS.model, type=click.Choice(["mlp"]), help="The network.")
@click.option("--hidden", default=",".join(map(str, DEFAULTS.hidden)), help="Units of the hidden layers.")
@click.option("--loss", "loss_name", default="cross_entropy", help="A loss by name.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the loss.")
@click.option("--epochs", default=DEFAULTS.epochs, help="Passes over the training part.")
@click.option("--batch-size", default=DEFAULTS.batch_size, help="Rows of a step.")
@click.option("--lr", "rate", default=DEFAULTS.rate, help="Learning rate of Adam.")
@click.option("--seed", default=DEFAULTS.seed, help="Of the split, the first weights and the order of rows.")
@click.option("--test-fraction", default=DEFAULTS.test_fraction, help="Share of the rows held out.")
@click.option("--out", default="numloss-run", type=click.Path(file_okay=False), help="Folder for the files.")
@as_json
def command(
    data: str,
    model: str,
    hidden: str,
    loss_name: str,
    options: tuple[str, ...],
    epochs: int,
    batch_size: int,
    rate: float,
    seed: int,
    test_fraction: float,
    out: str,
    as_json: bool,
) -> None:
    """Train a network on labelled or numeric data.

    Writes the weights, the loss curve and a summary into a folder.
    """
    from ..train import Epoch, check_extras, fit, write
    from .lookup import loss_named, with_options

    settings = Settings(data, model, _widths(hidden), epochs, batch_size, rate, test_fraction, seed)
    (function,) = with_options([loss_named(loss_name)], options)
    check_extras()
    with progress("training", epochs) as show:

        def moved(epoch: Epoch) -> None:
            reached = "" if epoch.test_accuracy is None else f", accuracy {epoch.test_accuracy:.2%}"
            show(epoch.number + 1, f"loss {epoch.test_loss:.4g}{reached}")

        run = fit(function, settings, moved)
    paths = write(run, out)
    if as_json:
        print_json({**run.summary(), "files": {name: str(path) for name, path in paths.items()}})
    else:
        _report(run, paths)
    if run.history.stopped:
        raise click.ClickException(run.history.stopped)


def _widths(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(width) for width in text.split(",") if width.strip())
    except ValueError:
        raise ValueError(f"hidden layers are written as in 128,64; got {text!r}") from None


def _report(run: Run, paths: dict[str, Path]) -> None:
    rows = []
    for last in run.history.epochs[-1:]:
        rows = [("training loss", last.train_loss), ("test loss", last.test_loss)]
        if last.test_accuracy is not None:
            rows.append(("test accuracy", last.test_accuracy))
    count = len(run.history.epochs)
    print_table(("", "last epoch"), rows, f"{run.loss} on {run.settings.data}: {count} epoch{'s' * (count != 1)}")
    for name, path in paths.items():  # not in a table, whose columns would break a long path
        click.echo(f"{name:<10}{path}")
