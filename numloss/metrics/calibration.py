"""How far predicted probabilities are from what happens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..typing import Array
from .base import Metric, Pull, RowMetric, Rows, check_classes
from .classes import chosen
from .labels import binary_labels, class_labels
from .result import Figures, exactly
from .tally import Cells


def probabilities(pred: Array, logits: bool) -> Array:
    """Probabilities in float64, of logits by the sigmoid or, of several classes, the softmax."""
    wide = np.asarray(pred, np.float64)
    if not logits:
        flat = wide.reshape(-1)
        bad = (flat < 0.0) | (flat > 1.0)
        if bad.any():
            at = np.unravel_index(int(np.argmax(bad)), wide.shape)
            place = ", ".join(map(str, at))
            raise ValueError(f"pred[{place}] is {pred[at]}; probabilities are in [0, 1]; logits=true is for logits")
        return wide
    if wide.ndim == 1:
        return 1.0 / (1.0 + np.exp(-np.clip(wide, -745.0, None)))
    shares = np.exp(wide - wide.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Brier(RowMetric):
    """Brier's score: the squared distance of probabilities from what happened, over all classes where there are some.

    logits : bool
        Predictions are logits.
    """

    name: ClassVar[str] = "brier"
    logits: bool = False

    def check(self, pred: Array, target: Array) -> None:
        check_classes(self.name, pred, target)

    def values(self, pred: Array, target: Array, backend: str | None) -> Array:
        shares = probabilities(pred, self.logits)
        if pred.ndim == 1:
            return np.square(shares - binary_labels(target))
        labels = class_labels(target, pred.shape[1])
        of_label = np.take_along_axis(shares, labels[:, None], axis=1)[:, 0]
        return np.asarray(np.square(shares).sum(axis=1) - of_label * of_label + np.square(1.0 - of_label))


def of_chosen(pred: Array, target: Array, bins: int, logits: bool, backend: str | None) -> tuple[Array, Array, Array]:
    """Of each row the probability of label 1, or of the class that is chosen; whether it happened; and its bin."""
    shares = probabilities(pred, logits)
    if pred.ndim == 1:
        happened = binary_labels(target).astype(np.float64)
    else:
        found, labels, _ = chosen(pred, target, 0.5, backend)
        shares = np.take_along_axis(shares, found[:, None], axis=1)[:, 0]
        happened = (found == labels).astype(np.float64)
    return shares, happened, np.minimum((shares * bins).astype(np.int64), bins - 1)


@dataclass(frozen=True)
class Calibrated(Cells):
    """Rows by how probable a prediction says it is: weight, probabilities, how often it happened, squares of both."""

    name: ClassVar[str] = "calibration"
    columns: ClassVar[int] = 5
    bins: int = 15
    logits: bool = False

    def check(self, pred: Array, target: Array) -> None:
        check_classes(self.name, pred, target)

    def size(self, classes: int) -> int:
        return self.bins

    def cells(self, rows: Rows) -> tuple[Array, list[Array]]:
        shares, happened, place = of_chosen(rows.pred, rows.target, self.bins, self.logits, rows.backend)
        weight, off = rows.weights, shares - happened
        return place, [weight, weight * shares, weight * happened, weight * off * off, np.ones(len(shares))]


@dataclass(frozen=True, eq=False)
class OfBins(Pull):
    """What is predicted less what happened, with a sign for each bin of probabilities, less the value."""

    logits: bool
    signs: Array
    value: float

    def __call__(self, pred: Array, target: Array, backend: str | None) -> Array:
        shares, happened, place = of_chosen(pred, target, len(self.signs), self.logits, backend)
        return np.asarray(self.signs[place] * (shares - happened) - self.value)


@dataclass(frozen=True)
class Ece(Metric):
    """Expected calibration error: how far shares of what happens are from probabilities, bin by bin.

    Of one probability a row it is about label 1, of several classes about the one that is chosen. Beside it there are
    the largest error of a bin, and the parts of Brier's score: reliability - resolution + uncertainty, and what of it
    is `within` bins.

    bins : int
        Bins of one width; what lies between two belongs to the upper one.
    logits : bool
        Predictions are logits.
    """

    name: ClassVar[str] = "ece"
    bins: int = 15
    logits: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.bins, bool) or not isinstance(self.bins, int) or not 1 <= self.bins <= 10000:
            raise ValueError(f"{self.name}: bins must be a number from 1 to 10000, got {self.bins!r}")

    def check(self, pred: Array, target: Array) -> None:
        check_classes(self.name, pred, target)

    def pull(self, table: Array) -> Pull:
        """What rows move it by."""
        weight, shares, happened = table.T[:3]
        total = float(weight.sum())
        value = float(np.abs(shares - happened).sum()) / total if total else math.nan
        return OfBins(self.logits, np.sign(shares - happened), value)

    def tally(self, pred: Array) -> Calibrated:
        """What is counted for it."""
        return Calibrated(self.bins, self.logits)

    def figures(self, table: Array) -> Figures:
        """What there is to say."""
        weight, shares, happened, squares, counts = table.T
        total = float(weight.sum())
        if not total:
            return exactly(math.nan, float(counts.sum()))
        mean = np.divide(shares, weight, out=np.zeros_like(shares), where=weight > 0.0)
        rate = np.divide(happened, weight, out=np.zeros_like(shares), where=weight > 0.0)
        gaps, base = np.abs(mean - rate), float(happened.sum()) / total
        parts = {
            "mce": float(gaps[weight > 0.0].max()),
            "brier": float(squares.sum()) / total,
            "reliability": float((weight * gaps * gaps).sum()) / total,
            "resolution": float((weight * np.square(rate - base)).sum()) / total,
            "uncertainty": base * (1.0 - base),
        }
        parts["within"] = parts["brier"] - (parts["reliability"] - parts["resolution"] + parts["uncertainty"])
        edges = np.arange(self.bins + 1) / self.bins
        some = weight > 0.0
        reliability: dict[str, Any] = {"from": edges[:-1], "to": edges[1:], "predicted": mean, "observed": rate}
        reliability |= {"weight": weight, "rows": counts}
        kept = {name: column[some] for name, column in reliability.items()}
        value = float((weight * gaps).sum()) / total
        return exactly(value, float(counts.sum()), parts, reliability=kept)
