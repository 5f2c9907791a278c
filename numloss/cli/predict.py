"""`numloss predict`: what a trained network says about new rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from .output import as_json, print_json, print_table

if TYPE_CHECKING:
    from ..data import Dataset
    from ..train import Model

# Bytes of features that are read at a time.
CHUNK = 16 << 20


@click.command("predict", context_settings={"show_default": True})
@click.option("--weights", default="numloss-run", type=click.Path(exists=True),
              help="weights.safetensors, or the folder of a run.")
@click.option("--data", required=True, help="Rows: a .npy file of features, or as in numloss train.")
@click.option("--outputs", is_flag=True, help="Write the network's outputs, not the classes that it chooses.")
@click.option("--out", default="predictions.npy", type=click.Path(dir_okay=False), help="The .npy file to write.")
@as_json
def command(weights: str, data: str, outputs: bool, out: str, as_json: bool) -> None:
    """Predict with a trained network; where the data has targets, also say how well.

    Data with a test part of its own gives that part. A row with NaN or infinity is refused, not predicted.
    """
    from ..common.files import atomic_write, check_writable
    from ..data import load
    from ..train import load_model
    from ..train.run import one_blas_thread

    check_writable(out)
    path = Path(weights)
    model = load_model(path / "weights.safetensors" if path.is_dir() else path)
    figures: dict[str, float] = {}
    with one_blas_thread():
        if data.endswith(".npy"):
            found = _streamed(model, data)
        else:
            whole, test = load(data)
            rows = whole if test is None else test
            found = model.predict(rows.features, name=rows.name)
            figures = _figures(model, found, rows)
    answer = found if outputs or not model.summary["network"]["labelled"] else found.argmax(axis=1)
    with atomic_write(out) as file:
        np.save(file, answer)
    if as_json:
        print_json({"rows": len(answer), "out": out, "metrics": figures})
        return
    if figures:
        print_table(("metric", "value"), figures.items())
    click.echo(f"{len(answer)} rows in {out}")


def _streamed(model: Model, path: str) -> np.ndarray[Any, Any]:
    """Predictions for a file of any size, whose features are never all in memory."""
    from ..data import NpyFile

    with NpyFile(path) as file:
        chunk = file.buffer(max(1, min(file.rows, CHUNK // max(1, file.header.row_bytes))))
        starts = range(0, file.rows, len(chunk))
        parts = [model.predict(file.read(start, chunk), start, path) for start in starts]
    return np.concatenate(parts) if parts else np.empty((0, *model.network.outputs), np.float32)


def _figures(model: Model, outputs: np.ndarray[Any, Any], rows: Dataset) -> dict[str, float]:
    from ..train.scores import ALL, scores

    if rows.is_labelled != model.summary["network"]["labelled"] or rows.outputs > outputs.shape[1]:
        raise ValueError(f"{rows.name}: its targets are not of the kind that the network was trained on")
    return scores(outputs, rows, ALL[rows.is_labelled])
