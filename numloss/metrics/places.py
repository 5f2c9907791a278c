"""Where the score of a row stands among those of both labels: what it moves an area, or another order, by.

Scores are told apart by cuts, which are those of a sample of rows: all of them where there are few, and otherwise so
many that a row's place is known to a ten-thousandth. What is between any two cuts is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..typing import Array
from .base import Pull, Rows
from .classes import binary_labels
from .tally import Cells, Tally

# Scores of a sample: so few that cuts stay in the first cache.
SAMPLE = 1 << 12


def cells_between(scores: Array, cuts: Array) -> Array:
    """Which of the cells that cuts make each score is in: 2 k below cut k, 2 k + 1 where it is one."""
    if scores.dtype == np.float32:  # cuts are some of the scores: nothing is rounded
        cuts = cuts.astype(np.float32)
    order = np.argsort(scores)  # a fifth of the time of looking for each score among the cuts
    ends = np.zeros(2 * len(cuts) + 2, np.intp)
    for k, side in enumerate(("left", "right")):
        ends[1 + k : -1 : 2] = np.searchsorted(scores, cuts, side, sorter=order)
    ends[-1] = len(scores)
    found = np.empty(len(scores), np.intp)
    found[order] = np.repeat(np.arange(2 * len(cuts) + 1), np.diff(ends))
    return found


@dataclass(frozen=True)
class Sampled(Tally):
    """Every so manyeth score of a block."""

    name: ClassVar[str] = "sample"
    step: int = 1

    def check(self, pred: Array, target: Array) -> None:
        return None

    def begin(self) -> Sample:
        return Sample(self)

    def total(self, grouped: bool) -> Sample:
        return Sample(self)


class Sample:
    """The scores of a sample, of the blocks of a task or of all of them."""

    def __init__(self, tally: Sampled) -> None:
        self.tally = tally
        self.scores: list[Array] = []

    def add(self, more: Any) -> None:
        """Take some of a block, or all that a task has taken."""
        if isinstance(more, Sample):
            self.scores += more.scores
        else:
            self.scores.append(np.asarray(more.pred[:: self.tally.step], np.float64))

    def cuts(self) -> Array:
        """The different scores, in order."""
        return np.unique(np.concatenate([np.zeros(0), *self.scores]))

    def state(self) -> list[float]:
        """All of it as plain data."""
        found: list[float] = np.concatenate([np.zeros(0), *self.scores]).tolist()
        return found

    def take_up(self, state: list[float]) -> None:
        """Go on from what `state` gave."""
        self.scores = [np.array(state, np.float64)]

    def settle(self, backend: str | None) -> None:
        """Nothing is left to look for."""

    def narrowed(self, room: int) -> None:
        """No further pass is needed."""


@dataclass(frozen=True, eq=False)
class Placed(Cells):
    """Weights and numbers of both labels in the cells between cuts."""

    name: ClassVar[str] = "places"
    columns: ClassVar[int] = 4
    cuts: Any = None

    @property
    def options(self) -> dict[str, Any]:
        return {}

    def check(self, pred: Array, target: Array) -> None:
        return None

    def size(self, classes: int) -> int:
        return 2 * len(self.cuts) + 1

    def cells(self, rows: Rows) -> tuple[Array, list[Array]]:
        labels, weight = binary_labels(rows.target), rows.weights
        there = weight > 0.0
        both = (labels == 0, labels == 1)
        values = [*(weight * some for some in both), *(1.0 * (there & some) for some in both)]
        return cells_between(rows.pred, self.cuts), values


@dataclass(frozen=True, eq=False)
class OfScores(Pull):
    """Numbers for both labels in each cell of scores."""

    cuts: Array
    numbers: Array

    def __call__(self, pred: Array, target: Array, backend: str | None) -> Array:
        return np.asarray(self.numbers[cells_between(pred, self.cuts), binary_labels(target)])


def area_moves(n: Array, p: Array, rows: tuple[float, float]) -> Array:
    """What rows move an area by, as DeLong has it: variances of both labels by one row less than there are."""
    placed = (np.cumsum(n) - n / 2.0) / n.sum(), 1.0 - (np.cumsum(p) - p / 2.0) / p.sum()
    area, total = float((p * placed[0]).sum() / p.sum()), n.sum() + p.sum()
    most = sum(rows)
    if min(rows) < 2.0:
        return np.full((len(n), 2), np.nan)
    small = [np.sqrt(count / (count - 1.0) * (most - 1.0) / most) for count in rows]
    of_zeros, of_ones = (placed[1] - area) * small[0] / n.sum(), (placed[0] - area) * small[1] / p.sum()
    return np.asarray(total * np.stack([of_zeros, of_ones], axis=1))


def precision_moves(n: Array, p: Array) -> Array:
    """What rows move the average precision by: labels 1 by their own, and both labels those of scores below."""
    hits, misses = (np.cumsum(column[::-1])[::-1] for column in (p, n))
    some = hits + misses > 0.0
    shown = np.where(some, hits + misses, 1.0)
    precision = hits / shown
    average = float((p * precision).sum() / p.sum())
    by_misses, by_hits = np.cumsum(p * hits / shown**2), np.cumsum(p * misses / shown**2)
    return np.asarray(np.stack([-by_misses, precision - average + by_hits], axis=1) * (n.sum() + p.sum()) / p.sum())


def distance_moves(n: Array, p: Array) -> Array:
    """What rows move the largest distance of both shares by, where it is."""
    shares = [np.cumsum(column) / column.sum() for column in (n, p)]
    at = int(np.argmax(np.abs(shares[0] - shares[1])))
    sign = 1.0 if shares[0][at] >= shares[1][at] else -1.0
    below = 1.0 * (np.arange(len(n)) <= at)
    moves = [(below - share[at]) / column.sum() for share, column in zip(shares, (n, p), strict=True)]
    return np.asarray(sign * (n.sum() + p.sum()) * np.stack([moves[0], -moves[1]], axis=1))


__all__ = ["SAMPLE", "OfScores", "Placed", "Sample", "Sampled", "area_moves", "distance_moves", "precision_moves"]
