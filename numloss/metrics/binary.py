"""Metrics of scores and labels 0 and 1 that look at the order of the scores alone."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..common.halves import name_of
from ..typing import Array
from .base import Metric, Pull, check_binary
from .kernels import TOPS, bits_of, number_of
from .places import OfScores, area_moves, distance_moves, precision_moves
from .ranking import Ranking
from .result import Figures
from .tally import Ranks

# Points of a curve at most: of those that were counted, the ones that lie farthest along it.
POINTS = 200


@dataclass(frozen=True)
class Ranked(Metric):
    """What the order of scores says.

    exact : bool
        Further passes over scores of 32 or 64 bits, until the value is exact; without them it lies between two ends.
    """

    precision: ClassVar[bool] = False
    exact: bool = True

    def check(self, pred: Array, target: Array) -> None:
        check_binary(self.name, pred, target)

    def tally(self, pred: Array) -> Ranks:
        """What is counted for it."""
        return Ranks(bits_of(pred.dtype), name_of(pred.dtype), self.precision, self.exact)

    @abstractmethod
    def number(self, found: dict[str, Any]) -> tuple[float, float, float]:
        """The value, and the ends between which it lies."""

    @abstractmethod
    def moves(self, n: Array, p: Array, rows: tuple[float, float]) -> Array:
        """What rows of labels 0 and 1 in each cell move it by, by their weights there and how many there are in all."""

    def pull(self, cuts: Array, table: Array) -> Pull:
        """What rows move it by, from what is between cuts."""
        n, p, zeros, ones = table.T
        known = n.sum() > 0.0 and p.sum() > 0.0
        numbers = self.moves(n, p, (zeros.sum(), ones.sum())) if known else np.full((len(n), 2), math.nan)
        return OfScores(cuts, numbers)

    def figures(self, ranking: Ranking) -> Figures:
        """What there is to say."""
        found = ranking.figures()
        negatives, positives = ranking.sizes
        value, low, high = self.number(found) if found else (math.nan,) * 3
        error = found.get("auc_error", math.nan) if self.name == "auc" else math.nan
        counts = {"positives": positives, "negatives": negatives}
        return Figures(value, low, high, float(sum(ranking.all_of)), error, counts, {"curve": curve(ranking)})


class Auc(Ranked):
    """Area under the ROC curve: the chance that a label 1 has a larger score than a label 0, ties half."""

    name: ClassVar[str] = "auc"
    tells_error: ClassVar[bool] = True

    def number(self, found: dict[str, Any]) -> tuple[float, float, float]:
        return tuple(found["auc"])  # type: ignore[return-value]

    def moves(self, n: Array, p: Array, rows: tuple[float, float]) -> Array:
        return area_moves(n, p, rows)


class AveragePrecision(Ranked):
    """Precision at each score, in the mean over labels 1."""

    name: ClassVar[str] = "average_precision"
    precision: ClassVar[bool] = True

    def number(self, found: dict[str, Any]) -> tuple[float, float, float]:
        return tuple(found["average_precision"])  # type: ignore[return-value]

    def moves(self, n: Array, p: Array, rows: tuple[float, float]) -> Array:
        return precision_moves(n, p)


class Ks(Ranked):
    """Kolmogorov's and Smirnov's distance: how far the scores of both labels are apart at most, as shares below."""

    name: ClassVar[str] = "ks"

    def number(self, found: dict[str, Any]) -> tuple[float, float, float]:
        return tuple(found["ks"])  # type: ignore[return-value]

    def moves(self, n: Array, p: Array, rows: tuple[float, float]) -> Array:
        return distance_moves(n, p)


def curve(ranking: Ranking) -> dict[str, Array]:
    """Points of the ROC curve and of precision over recall, exact at their thresholds: how many are at or above."""
    negatives, positives = ranking.sizes
    false, true = ranking.sides()
    there = np.flatnonzero(np.diff(false + true, prepend=0))
    if len(there) > POINTS:
        along = (false[there] / (negatives or 1.0) + true[there] / (positives or 1.0)) / 2.0
        there = there[np.unique(np.searchsorted(along, np.linspace(0.0, 1.0, POINTS)).clip(0, len(there) - 1))]
    bits = ranking.bits
    tops = TOPS - 1 - there
    scores = [number_of(top << (bits - 16), bits) if bits > 16 else half_of(top, ranking.kind) for top in tops.tolist()]
    return {"threshold": np.array(scores), "true_positives": true[there], "false_positives": false[there]}


def half_of(top: int, kind: str) -> float:
    """The score of sixteen bits that has a place among all of them, float16 or bfloat16."""
    pattern = top - 32768 if top >= 32768 else 65535 - top
    if kind == "bfloat16":
        return float(np.array([pattern << 16], np.uint32).view(np.float32)[0])
    return float(np.array([pattern], np.uint16).view(np.float16)[0])
