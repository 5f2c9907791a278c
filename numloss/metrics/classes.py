"""Metrics of classes: what is chosen against what is right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..typing import Array
from .base import Metric, Pull, RowMetric, Rows, check_classes, record_of
from .kernels import backend_for, choices
from .labels import binary_labels
from .result import Figures, exactly
from .tally import Cells, CellTotal

# Of figures of a class: the factor of hits above, and which of the rows with its label and its choice are below.
PARTS = {"precision": (1.0, 0.0, 1.0), "recall": (1.0, 1.0, 0.0), "f1": (2.0, 1.0, 1.0)}
AVERAGES = ("macro", "micro", "weighted", "binary")
# Cells of a confusion matrix are all in memory.
MOST_CLASSES = 4096


def chosen(pred: Array, target: Array, threshold: float, backend: str | None) -> tuple[Array, Array, Array]:
    """Of each row the class that is chosen, -1 for NaN; the label; and how many classes come before the label."""
    if pred.ndim == 1:
        labels = binary_labels(target)
        found = np.where(np.isnan(pred), -1, pred > threshold) if pred.dtype.kind == "f" else (pred > threshold)
        found = found.astype(np.int64)
        return found, labels, (found != labels).astype(np.int64)
    found, before = choices(backend_for(record_of("classes", None, True), backend, pred.size), pred, target)
    return found, target.astype(np.int64), before


@dataclass(frozen=True)
class Accuracy(RowMetric):
    """Share of rows whose label is chosen: the class with the largest score, the first of equals; of one score a row
    the label 1 above a threshold.

    threshold : float
        Of one score a row.
    """

    name: ClassVar[str] = "accuracy"
    threshold: float = 0.5

    def check(self, pred: Array, target: Array) -> None:
        check_classes(self.name, pred, target)

    def values(self, pred: Array, target: Array, backend: str | None) -> Array:
        found, labels, _ = chosen(pred, target, self.threshold, backend)
        return np.where(found < 0, np.nan, found == labels)


@dataclass(frozen=True)
class TopK(RowMetric):
    """Share of rows whose label is among the k classes with the largest scores, of equal ones the first.

    k : int
        How many classes.
    """

    name: ClassVar[str] = "top_k"
    k: int = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.k, bool) or not isinstance(self.k, int) or self.k < 1:
            raise ValueError(f"top_k: k must be a number of classes, got {self.k!r}")

    def check(self, pred: Array, target: Array) -> None:
        check_classes(self.name, pred, target)
        if pred.ndim != 2:
            raise ValueError("top_k: pred has one score a row; it takes one for each class")

    def values(self, pred: Array, target: Array, backend: str | None) -> Array:
        found, _, before = chosen(pred, target, 0.5, backend)
        return np.where(found < 0, np.nan, before < self.k)


@dataclass(frozen=True)
class Confused(Cells):
    """Weights of rows by label and by what is chosen."""

    name: ClassVar[str] = "confusion"
    threshold: float = 0.5

    def check(self, pred: Array, target: Array) -> None:
        check_classes(self.name, pred, target)

    def size(self, classes: int) -> int:
        return classes * classes

    def cells(self, rows: Rows) -> tuple[Array, list[Array]]:
        found, labels, _ = chosen(rows.pred, rows.target, self.threshold, rows.backend)
        classes = rows.pred.shape[1] if rows.pred.ndim > 1 else 2
        return labels * classes + found, [rows.weights]


@dataclass(frozen=True, eq=False)
class OfDecisions(Pull):
    """A number for each label and choice."""

    threshold: float
    numbers: Array

    def __call__(self, pred: Array, target: Array, backend: str | None) -> Array:
        found, labels, _ = chosen(pred, target, self.threshold, backend)
        return np.asarray(self.numbers[labels, found])


@dataclass(frozen=True)
class Confusion(Metric):
    """How often each label is taken for each class; its value is the share of rows that are right.

    threshold : float
        Of one score a row.
    """

    name: ClassVar[str] = "confusion"
    threshold: float = 0.5

    def check(self, pred: Array, target: Array) -> None:
        check_classes(self.name, pred, target)
        if pred.ndim == 2 and pred.shape[1] > MOST_CLASSES:
            raise ValueError(f"{self.name}: {pred.shape[1]} classes; it takes at most {MOST_CLASSES}")

    def pull(self, table: Array) -> Pull:
        """What rows move it by."""
        return OfDecisions(self.threshold, self.numbers(square(table)))

    def numbers(self, matrix: Array) -> Array:
        """What a row moves the share of those that are right by, for each label and choice."""
        total = float(matrix.sum())
        return np.eye(len(matrix)) - (float(np.trace(matrix)) / total if total else math.nan)

    def tally(self, pred: Array) -> Confused:
        """What is counted for it."""
        return Confused(self.threshold)

    def figures(self, table: Array) -> Figures:
        """What there is to say."""
        matrix = square(table)
        total = float(matrix.sum())
        value = float(np.trace(matrix)) / total if total else float("nan")
        return exactly(value, total, per_class=of_classes(matrix), confusion={"matrix": matrix})


def square(table: Array) -> Array:
    """The table of weights as a matrix: a row for each label, a column for each choice."""
    classes = round(len(table) ** 0.5)
    return np.asarray(table[:, 0].reshape(classes, classes))


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0.0)


def of_classes(matrix: Array) -> dict[str, Array]:
    """Of each class precision, recall and F1, 0 where they are of nothing, and the weight of its rows."""
    hits, right, shown = np.diag(matrix).copy(), matrix.sum(axis=1), matrix.sum(axis=0)
    precision, recall, f1 = _share(hits, shown), _share(hits, right), _share(2.0 * hits, right + shown)
    return {"class": np.arange(len(hits)), "precision": precision, "recall": recall, "f1": f1, "weight": right}


@dataclass(frozen=True)
class OfClasses(Confusion):
    """A figure of each class, averaged.

    average : {"macro", "micro", "weighted", "binary"}
        All classes count the same, or their rows do, or they count as many rows as they have; or class 1 alone. By
        default class 1 of two, and macro otherwise. Macro is over classes that are the label or the choice of a row.
    """

    average: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.average not in (None, *AVERAGES):
            raise ValueError(f"{self.name}: average must be one of {', '.join(AVERAGES)}, got {self.average!r}")

    def numbers(self, matrix: Array) -> Array:
        average = self._average(len(matrix))
        if average == "micro":
            return super().numbers(matrix)
        each = of_classes(matrix)
        total, values, weights = float(matrix.sum()), each[self.name], each["weight"]
        there = matrix.sum(axis=0) + matrix.sum(axis=1) > 0.0
        shares = {"macro": there / max(1, there.sum()), "weighted": weights / (total or 1.0)}
        share = shares.get(average, np.arange(len(there)) == 1)
        of_hits, of_labels, of_choices = PARTS[self.name]
        factor = total * share * _share(np.ones(len(there)), of_labels * weights + of_choices * matrix.sum(axis=0))
        found = np.diag(of_hits * factor) - of_labels * (factor * values)[:, None] - of_choices * factor * values
        if average == "weighted":
            found += (values - share @ values)[:, None]
        return found if total else np.full_like(found, math.nan)

    def _average(self, classes: int) -> str:
        return self.average or ("binary" if classes == 2 else "macro")

    def figures(self, table: Array) -> Figures:
        matrix = square(table)
        classes, total = of_classes(matrix), float(matrix.sum())
        each, weights, there = classes[self.name], classes["weight"], matrix.sum(axis=0) + matrix.sum(axis=1) > 0.0
        answers: dict[str, Any] = {
            "macro": float(each[there].mean()) if there.any() else float("nan"),
            "micro": float(np.trace(matrix)) / total if total else float("nan"),
            "weighted": float((each * weights).sum() / total) if total else float("nan"),
        }
        if len(each) == 2:
            answers["binary"] = float(each[1])
        average = self._average(len(each))
        if average not in answers:
            raise ValueError(f"{self.name}: average='binary' is of two classes, and there are {len(each)}")
        return exactly(answers[average] if total else float("nan"), total, answers, per_class=classes)


class Precision(OfClasses):
    """Share of the rows for which a class is chosen that have it."""

    name: ClassVar[str] = "precision"


class Recall(OfClasses):
    """Share of the rows that have a class for which it is chosen."""

    name: ClassVar[str] = "recall"


class F1(OfClasses):
    """Harmonic mean of precision and recall."""

    name: ClassVar[str] = "f1"


__all__ = ["Accuracy", "CellTotal", "Confusion", "F1", "Precision", "Recall", "TopK"]
