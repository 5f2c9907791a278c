"""Metrics of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..typing import Array
from .base import Metric, Pull, RowMetric, Rows, check_same
from .result import Figures, exactly
from .tally import Cells


def check_numbers(name: str, pred: Array, target: Array) -> None:
    """One number a row."""
    check_same(name, pred, target)
    if pred.ndim != 1:
        raise ValueError(f"{name}: pred has shape {pred.shape[1:]} a row; it takes one number")


@dataclass(frozen=True)
class AbsoluteError(RowMetric):
    """Mean absolute error."""

    name: ClassVar[str] = "mae"

    def check(self, pred: Array, target: Array) -> None:
        check_numbers(self.name, pred, target)

    def values(self, pred: Array, target: Array, backend: str | None) -> Array:
        return np.abs(np.asarray(pred, np.float64) - target)


@dataclass(frozen=True)
class Coverage(RowMetric):
    """Share of targets that are not above the predictions, which is what a predicted quantile promises."""

    name: ClassVar[str] = "coverage"

    def check(self, pred: Array, target: Array) -> None:
        check_numbers(self.name, pred, target)

    def values(self, pred: Array, target: Array, backend: str | None) -> Array:
        unknown = np.isnan(np.asarray(pred, np.float64)) | np.isnan(np.asarray(target, np.float64))
        return np.where(unknown, np.nan, target <= pred)


@dataclass(frozen=True)
class Explained(Cells):
    """Squares of what targets differ from their mean, and from predictions: rows, weight, mean, both sums."""

    name: ClassVar[str] = "explained"
    columns: ClassVar[int] = 5

    def check(self, pred: Array, target: Array) -> None:
        check_numbers(self.name, pred, target)

    def size(self, classes: int) -> int:
        return 1

    def cells(self, rows: Rows) -> tuple[Array, list[Array]]:
        target = np.asarray(rows.target, np.float64)
        weight, off = rows.weights, target - rows.pred
        return np.zeros(len(target), np.int64), [np.ones(len(target)), weight, target, weight * off * off]

    def table(self, place: Array, values: list[Array], size: int) -> Array:
        ones, weight, target, errors = values
        counted = np.bincount(place, weight, size)
        sums = np.bincount(place, weight * target, size)
        mean = np.divide(sums, counted, out=np.zeros(size), where=counted > 0.0)
        spread = np.bincount(place, weight * np.square(target - mean[place]), size)
        # the mean itself is rounded: what squares around it are too large by
        rest = np.bincount(place, weight * (target - mean[place]), size)
        spread -= np.divide(rest * rest, counted, out=np.zeros(size), where=counted > 0.0)
        rows, squares = np.bincount(place, ones, size), np.bincount(place, errors, size)
        return np.stack([rows, counted, mean, spread, squares], axis=1)

    def merged(self, one: Array, other: Array) -> Array:
        total = one[:, 1] + other[:, 1]
        share = np.divide(other[:, 1], total, out=np.zeros_like(total), where=total > 0.0)
        apart = other[:, 2] - one[:, 2]
        found = one + other
        found[:, 2] = one[:, 2] + apart * share
        found[:, 3] += apart * apart * one[:, 1] * share
        return found


@dataclass(frozen=True, eq=False)
class OfSquares(Pull):
    """Squares around the mean of targets, less those of errors, each with a factor."""

    mean: float
    around: float
    errors: float

    def __call__(self, pred: Array, target: Array, backend: str | None) -> Array:
        wide = np.asarray(target, np.float64)
        return np.asarray(self.around * np.square(wide - self.mean) - self.errors * np.square(wide - pred))


@dataclass(frozen=True)
class R2(Metric):
    """Share of the variance of targets that predictions explain: 1 - squared errors / squares around the mean."""

    name: ClassVar[str] = "r2"
    least: ClassVar[float] = -math.inf

    def check(self, pred: Array, target: Array) -> None:
        check_numbers(self.name, pred, target)

    def pull(self, table: Array) -> Pull:
        """What rows move it by."""
        _, weight, mean, spread, errors = table[0].tolist()
        share = weight / spread if spread > 0.0 else math.nan
        return OfSquares(mean, share * errors / spread if spread > 0.0 else math.nan, share)

    def tally(self, pred: Array) -> Explained:
        """What is counted for it."""
        return Explained()

    def figures(self, table: Array) -> Figures:
        """What there is to say."""
        rows, weight, mean, spread, errors = table[0].tolist()
        value = 1.0 - errors / spread if spread > 0.0 else math.nan
        figures = {"mean": mean, "variance": spread / weight, "mse": errors / weight} if weight else {}
        return exactly(value, rows, figures)
