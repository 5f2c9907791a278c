"""Averages of orders of scores over classes, or pairs of classes, and what rows move them by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..typing import Array
from .base import Pull, Rows
from .labels import class_labels
from .places import OfScores
from .result import Figures
from .views import OTHERS, View, rows_in

AVERAGES = ("macro", "weighted")


def shares_of(views: Sequence[View], values: Array, weights: Array, average: str) -> tuple[Array, Array]:
    """What each view counts in the average, of those that have a value, and the weight of each class in the shares.

    `weights` are those of classes. Classes and pairs of classes count the same, or as many rows as they have.
    """
    known = ~np.isnan(values)
    parts = np.zeros((len(views), len(weights)))
    for k, (own, other) in enumerate(views):
        parts[k, own] = 1.0
        if other != OTHERS:
            parts[k, other] = 1.0
    amounts = (parts @ weights if average == "weighted" else np.ones(len(views))) * known
    total = float(amounts.sum())
    return amounts / (total or 1.0), parts * known[:, None] / (total or 1.0)


def averaged(
    views: Sequence[View], numbers: Sequence[tuple[float, float, float]], weights: Array, average: str, rows: float
) -> Figures:
    """The average of views with its ends, and a table of them."""
    table = np.array(numbers, np.float64).reshape(-1, 3)
    shares, _ = shares_of(views, table[:, 0], weights, average)
    known = shares > 0.0
    ends = (shares[known, None] * table[known]).sum(axis=0).tolist() if known.any() else [math.nan] * 3
    own, other = (np.array(column) for column in zip(*views, strict=True))
    columns: dict[str, Array] = {"class": own}
    columns |= {} if (other == OTHERS).all() else {"against": other}
    columns |= {"value": table[:, 0], "weight": weights[own]}
    return Figures(ends[0], ends[1], ends[2], rows, tables={"per_class": columns})


@dataclass(frozen=True, eq=False)
class OfViews(Pull):
    """The pulls on the values of views, each with a factor, and a number for each class."""

    views: tuple[View, ...]
    pulls: tuple[OfScores, ...]
    factors: Array
    of_classes: Array

    def __call__(self, pred: Array, target: Array, backend: str | None) -> Array:
        rows = Rows(pred, target, None, (), None, backend)
        found = self.of_classes[class_labels(target, pred.shape[1])].astype(np.float64)
        for view, pull, factor in zip(self.views, self.pulls, self.factors.tolist(), strict=True):
            if factor:
                some, which = rows_in(rows, view)
                moved = factor * pull(some.pred, some.target, backend)
                if which is None:
                    found += moved
                else:
                    found[which] += moved
        return found


def pull_of(
    views: tuple[View, ...], pulls: Sequence[OfScores], values: Array, sums: Array, average: str
) -> Pull:
    """What rows move an average by; `sums` are the weights of labels 0 and 1 of each view."""
    weights = weights_of(views, sums[:, 1])
    total = float(weights.sum())
    shares, parts = shares_of(views, values, weights, average)
    known = np.where(np.isnan(values), 0.0, values)
    value = float(shares @ known)
    factors = np.divide(shares * total, sums.sum(axis=1), out=np.zeros(len(views)), where=shares > 0.0)
    of_classes = total * ((known - value) @ parts) if average == "weighted" else np.zeros(len(weights))
    return OfViews(views, tuple(pulls), factors, of_classes if shares.any() else np.full(len(weights), math.nan))


def weights_of(views: Sequence[View], positives: Array) -> Array:
    """The weight of each class, that of labels 1 of its views."""
    weights = np.zeros(views[-1][0] + 1)
    weights[[own for own, _ in views]] = positives
    return weights
