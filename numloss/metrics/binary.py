"""Metrics of scores and labels that look at the order of the scores alone: labels 0 and 1, or classes each in turn."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..common.halves import name_of
from ..typing import Array
from .averages import AVERAGES, averaged, pull_of, weights_of
from .base import Metric, Pull, check_classes
from .kernels import TOPS, bits_of, number_of
from .places import OfScores, area_moves, distance_moves, precision_moves
from .ranking import Ranking
from .result import Figures
from .tally import MOST_KEYS, Ranks
from .views import MULTI_CLASS, View, views_of

# Points of a curve at most: of those that were counted, the ones that lie farthest along it.
POINTS = 200


@dataclass(frozen=True)
class Ranked(Metric):
    """What the order of scores says.

    exact : bool
        Further passes over scores of 32 or 64 bits, until the value is exact; without them it lies between two ends.
    average : {"macro", "weighted"}
        Where there is a score for each class, each of them is told from all others: classes count the same, or as many
        rows as they have. Those without a row, or with all of them, are left out.
    """

    precision: ClassVar[bool] = False
    multi_class: ClassVar[str] = "ovr"
    exact: bool = True
    average: str = "macro"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.average not in AVERAGES:
            raise ValueError(f"{self.name}: average must be one of {', '.join(AVERAGES)}, got {self.average!r}")

    def check(self, pred: Array, target: Array) -> None:
        check_classes(self.name, pred, target)
        most = len(self._views(pred.shape))
        if most > MOST_KEYS:
            raise ValueError(
                f"{self.name}: {pred.shape[1]} classes make {most} orders of scores, which take a MiB each; it takes "
                f"at most {MOST_KEYS}"
            )

    def _views(self, shape: tuple[int, ...]) -> tuple[View, ...]:
        return views_of(shape[1], self.multi_class) if len(shape) > 1 else ()

    def tally(self, pred: Array) -> Ranks:
        """What is counted for it."""
        views = self._views(pred.shape)
        return Ranks(bits_of(pred.dtype), name_of(pred.dtype), self.precision, self.exact, views=views)

    @abstractmethod
    def number(self, found: dict[str, Any]) -> tuple[float, float, float]:
        """The value, and the ends between which it lies."""

    @abstractmethod
    def moves(self, n: Array, p: Array, rows: tuple[float, float]) -> tuple[float, Array]:
        """Its value, and what rows of both labels in each cell move it by, by their weights there and their numbers."""

    def pull(self, cuts: list[Array], tables: list[Array]) -> Pull:
        """What rows move it by, from what is between cuts, in each view."""
        pulls = [self._pull(*each) for each in zip(cuts, tables, strict=True)]
        if len(pulls) == 1:
            return pulls[0][0]
        views = self._of_number(len(pulls))
        sums = np.array([table[:, :2].sum(axis=0) for table in tables])
        return pull_of(views, [pull for pull, _ in pulls], np.array([value for _, value in pulls]), sums, self.average)

    def _pull(self, cuts: Array, table: Array) -> tuple[OfScores, float]:
        n, p, zeros, ones = table.T
        if not (n.sum() > 0.0 and p.sum() > 0.0):
            return OfScores(cuts, np.full((len(n), 2), math.nan)), math.nan
        value, numbers = self.moves(n, p, (zeros.sum(), ones.sum()))
        return OfScores(cuts, numbers), value

    def _of_number(self, count: int) -> tuple[View, ...]:
        """The views, of which there are so many."""
        return views_of(count if self.multi_class == "ovr" else round(0.5 + math.sqrt(0.25 + count)), self.multi_class)

    def figures(self, rankings: list[Ranking]) -> Figures:
        """What there is to say."""
        numbers = [self.number(found) if (found := each.figures()) else (math.nan,) * 3 for each in rankings]
        if len(rankings) > 1:
            views = self._of_number(len(rankings))
            sizes = np.array([each.sizes for each in rankings])
            classes = weights_of(views, sizes[:, 1])
            rows = {own: each.all_of[1] for each, (own, _) in zip(rankings, views, strict=True)}
            return averaged(views, numbers, classes, self.average, float(sum(rows.values())))
        (ranking,), ((value, low, high),) = rankings, numbers
        negatives, positives = ranking.sizes
        error = ranking.figures().get("auc_error", math.nan) if self.name == "auc" else math.nan
        counts = {"positives": positives, "negatives": negatives}
        return Figures(value, low, high, float(sum(ranking.all_of)), error, counts, {"curve": curve(ranking)})


@dataclass(frozen=True)
class Auc(Ranked):
    """Area under the ROC curve: the chance that a label 1 has a larger score than a label 0, ties half.

    exact : bool
        Further passes over scores of 32 or 64 bits, until the value is exact; without them it lies between two ends.
    average : {"macro", "weighted"}
        Where there is a score for each class: classes, or pairs of them, count the same, or as many rows as they have.
    multi_class : {"ovr", "ovo"}
        Each class is told from all others, or from each other one, in both directions.
    """

    name: ClassVar[str] = "auc"
    multi_class: str = "ovr"  # type: ignore[misc]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.multi_class not in MULTI_CLASS:
            raise ValueError(f"auc: multi_class must be one of {', '.join(MULTI_CLASS)}, got {self.multi_class!r}")

    def tells_error(self, shape: tuple[int, ...]) -> bool:
        return len(shape) == 1

    def number(self, found: dict[str, Any]) -> tuple[float, float, float]:
        return tuple(found["auc"])  # type: ignore[return-value]

    def moves(self, n: Array, p: Array, rows: tuple[float, float]) -> tuple[float, Array]:
        return area_moves(n, p, rows)


class AveragePrecision(Ranked):
    """Precision at each score, in the mean over labels 1."""

    name: ClassVar[str] = "average_precision"
    precision: ClassVar[bool] = True

    def number(self, found: dict[str, Any]) -> tuple[float, float, float]:
        return tuple(found["average_precision"])  # type: ignore[return-value]

    def moves(self, n: Array, p: Array, rows: tuple[float, float]) -> tuple[float, Array]:
        return precision_moves(n, p)


class Ks(Ranked):
    """Kolmogorov's and Smirnov's distance: how far the scores of both labels are apart at most, as shares below."""

    name: ClassVar[str] = "ks"

    def number(self, found: dict[str, Any]) -> tuple[float, float, float]:
        return tuple(found["ks"])  # type: ignore[return-value]

    def moves(self, n: Array, p: Array, rows: tuple[float, float]) -> tuple[float, Array]:
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
