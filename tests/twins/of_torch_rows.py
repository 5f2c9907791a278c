"""Losses of rows as they are written with PyTorch where they come from."""

from __future__ import annotations

from typing import Any

from generators import CLASSES

from twins.twin import ROWS, Options, Random, Twin


def _counts(random: Random) -> Options:
    return {"counts": random.integers(1, 500, CLASSES.get(ROWS, 5)).astype("float64")}


def _ldam(t: Any, x: Any, y: Any, counts: Any, scale: float, margin: float, class_weight: Any) -> Any:
    margins = 1.0 / t.sqrt(t.sqrt(t.as_tensor(counts)))
    margins = margins * (margin / margins.max())
    moved = t.where(t.nn.functional.one_hot(y, x.shape[1]) == 1, x - margins, x)
    return t.nn.functional.cross_entropy(scale * moved, y, weight=t.as_tensor(class_weight), reduction="sum")


def _ldam_options(random: Random) -> Options:
    weight = random.uniform(0.2, 2.0, CLASSES.get(ROWS, 5))
    return {**_counts(random), "scale": 8.0, "margin": float(random.uniform(0.1, 0.9)), "class_weight": weight}


TWINS = [
    Twin("torch", "LDAMLoss of its authors", "ldam", _ldam, _ldam_options),
]
