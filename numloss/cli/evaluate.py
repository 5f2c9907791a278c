"""`numloss evaluate`: losses over files, in chunks."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from .output import as_json, print_json, print_table, progress

if TYPE_CHECKING:
    from ..evaluation import Evaluation


@click.command("evaluate")
@click.option("--loss", "losses", multiple=True, required=True, help="A loss by name; repeat for several in one pass.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the losses that have it.")
@click.option("--pred", type=click.Path(), help="Predictions, a .npy file.")
@click.option("--target", type=click.Path(), help="Targets, a .npy file.")
@click.option("--input", "others", multiple=True, metavar="NAME=FILE", help="Any other input of the losses.")
@click.option("--weight", type=click.Path(), help="Weights, a .npy file with one for each row.")
@click.option("--chunk-mib", default=4, show_default=True, type=click.IntRange(1), help="MiB that a thread reads.")
@click.option("--backend", help="numba or cython; by default the faster one that runs here.")
@as_json
def command(
    losses: tuple[str, ...],
    options: tuple[str, ...],
    pred: str | None,
    target: str | None,
    others: tuple[str, ...],
    weight: str | None,
    chunk_mib: int,
    backend: str | None,
    as_json: bool,
) -> None:
    """Evaluate losses over .npy files of any size."""
    from ..evaluation import stream
    from ..naming import loss_named
    from .lookup import with_options

    functions = with_options([loss_named(name) for name in losses], options)
    inputs = {name: path for name, path in (("pred", pred), ("target", target)) if path is not None}
    for other in others:
        name, equals, path = other.partition("=")
        if not equals:
            raise ValueError(f"input {other!r} is not of the form name=file")
        inputs[name] = path
    with progress("evaluating", 1) as show:

        def moved(done: int, rows: int) -> None:
            show(done / rows if rows else 1, f"{done} of {rows} rows")

        result = stream(functions, inputs, weight, chunk_bytes=chunk_mib << 20, backend=backend, progress=moved)
    _report(result, as_json)


def figures(result: Evaluation) -> dict[str, Any]:
    """An evaluation as plain data."""
    return {
        "scores": [{**asdict(score), "mean": score.mean} for score in result.scores],
        "rows": result.rows,
        "bytes": result.bytes,
        "seconds": result.seconds,
        "rows_per_second": result.rows_per_second,
        "gigabytes_per_second": result.gigabytes_per_second,
    }


def _report(result: Evaluation, as_json: bool) -> None:
    if as_json:
        print_json(figures(result))
        return
    rows = []
    for score in result.scores:
        options = ", ".join(f"{name}={value}" for name, value in score.options.items())
        rows.append((score.loss, options, score.mean, score.total, score.weight))
    title = (
        f"{result.rows} rows in {result.seconds:.3g} s: "
        f"{result.rows_per_second:.3g} rows/s, {result.gigabytes_per_second:.3g} GB/s"
    )
    print_table(("loss", "options", "mean", "sum", "weight"), rows, title)
