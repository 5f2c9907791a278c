"""The history of a run as files: CSV, JSON lines, and pictures."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from dataclasses import asdict
from typing import Any

from ..common.extras import optional
from ..common.files import atomic_write, finite
from ..data.dataset import Array
from .loop import Epoch, History


def rows_of(history: History) -> list[dict[str, Any]]:
    """One flat record an epoch; a figure that is not finite, or was not measured, is None."""
    return [_row(epoch) for epoch in history.epochs]


def _row(epoch: Epoch) -> dict[str, Any]:
    fields = asdict(epoch)
    metrics = fields.pop("metrics")
    return dict(finite({**fields, **metrics}))


def write_csv(path: str | os.PathLike[str], history: History) -> None:
    """One line an epoch, under a line of names."""
    rows = rows_of(history)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with atomic_write(path) as file:
        file.write(text.getvalue().encode())


def write_jsonl(path: str | os.PathLike[str], history: History) -> None:
    """One object of JSON an epoch and line."""
    with atomic_write(path) as file:
        file.writelines(json.dumps(row, allow_nan=False).encode() + b"\n" for row in rows_of(history))


def write_curves(path: str | os.PathLike[str], history: History, title: str) -> None:
    """Draw the losses of both parts over the epochs, and the metrics of the validation part."""
    rows = rows_of(history)
    numbers = [row["number"] + 1 for row in rows]
    names = [name for row in rows[:1] for name in row if name not in ("number", "steps", "seconds")]
    figure = _figure((7, 4))
    axes, right = figure.subplots(), None
    for name in names:
        values = [math.nan if row[name] is None else row[name] for row in rows]
        if name.endswith("_loss"):
            axes.plot(numbers, values, label=name.replace("_", " "))
        else:
            right = right or axes.twinx()
            right.plot(numbers, values, linestyle="--", color=f"C{len(right.lines) + 2}", label=name)
    axes.set(xlabel="epoch", ylabel="mean loss", title=title)
    if right is not None:
        right.set(ylabel="metric")
    if names:
        figure.legend(loc="outside lower center", ncols=4, frameon=False)
    _save(figure, path)


def write_confusion(path: str | os.PathLike[str], counts: Array, title: str) -> None:
    """Draw how many rows of each class were taken for each class."""
    figure = _figure((5, 5))
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues")
    if len(counts) <= 20:
        half = counts.max() / 2
        for row, line in enumerate(counts):
            for column, count in enumerate(line):
                axes.text(column, row, str(count), ha="center", va="center", color="white" if count > half else "black")
    axes.set(xlabel="answer of the network", ylabel="class", title=title)
    _save(figure, path)


def _figure(size: tuple[float, float]) -> Any:
    # a Figure of its own: pyplot would choose a window system and keep the figure in the process
    return optional("matplotlib.figure", "plot", "drawing curves").Figure(figsize=size, layout="constrained")


def _save(figure: Any, path: str | os.PathLike[str]) -> None:
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=120)
