"""Where the score of a row stands among those of both labels: what it moves an area, or another order, by.

Scores are told apart by cuts, which are those of a sample of rows: all of them where there are few, and otherwise so
many that a row's place is known to a ten-thousandth. What is between any two cuts is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..typing import Array
from .base import Pull, Rows, record_of
from .kernels import backend_for, between
from .labels import binary_labels
from .tally import Cells, Tally
from .views import View, rows_in

# Scores of a sample: so few that cuts stay in the first cache.
SAMPLE = 1 << 12


def cells_between(scores: Array, cuts: Array, backend: str | None) -> Array:
    """Which of the cells that cuts make each score is in: 2 k below cut k, 2 k + 1 where it is one."""
    return between(backend_for(record_of("ranking", None, False), backend, len(scores)), scores, cuts)


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

    def cuts(self, view: View | None) -> Array:
        """The different scores, of one class if there are several, in order; 0 where there are none."""
        some = [scores if view is None else scores[:, view[0]] for scores in self.scores]
        found = np.unique(np.concatenate([np.zeros(0), *some]))
        return found if len(found) else np.zeros(1)

    def state(self) -> list[Any]:
        """All of it as plain data."""
        return [scores.tolist() for scores in self.scores if len(scores)]

    def take_up(self, state: list[Any]) -> None:
        """Go on from what `state` gave."""
        self.scores = [np.array(scores, np.float64) for scores in state]

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
    view: View | None = None

    @property
    def options(self) -> dict[str, Any]:
        return {}

    def check(self, pred: Array, target: Array) -> None:
        return None

    def size(self, classes: int) -> int:
        return 2 * len(self.cuts) + 1

    def cells(self, rows: Rows) -> tuple[Array, list[Array]]:
        weight, some = rows.weights, rows
        which: Any = slice(None)
        if self.view is not None:
            some, found = rows_in(rows, self.view)
            which = slice(None) if found is None else found
        labels, place = np.full(len(weight), -1), np.zeros(len(weight), np.intp)
        labels[which], place[which] = binary_labels(some.target), cells_between(some.pred, self.cuts, rows.backend)
        both = (labels == 0, labels == 1)
        there = weight > 0.0
        return place, [*(weight * each for each in both), *(1.0 * (there & each) for each in both)]


@dataclass(frozen=True, eq=False)
class OfScores(Pull):
    """Numbers for both labels in each cell of scores."""

    cuts: Array
    numbers: Array

    def __call__(self, pred: Array, target: Array, backend: str | None) -> Array:
        return np.asarray(self.numbers[cells_between(pred, self.cuts, backend), binary_labels(target)])


def area_moves(n: Array, p: Array, rows: tuple[float, float]) -> tuple[float, Array]:
    """An area and what rows move it by, as DeLong has it: variances of both labels by one row less than there are."""
    placed = (np.cumsum(n) - n / 2.0) / n.sum(), 1.0 - (np.cumsum(p) - p / 2.0) / p.sum()
    area, total = float((p * placed[0]).sum() / p.sum()), n.sum() + p.sum()
    most = sum(rows)
    if min(rows) < 2.0:
        return area, np.full((len(n), 2), np.nan)
    small = [np.sqrt(count / (count - 1.0) * (most - 1.0) / most) for count in rows]
    of_zeros, of_ones = (placed[1] - area) * small[0] / n.sum(), (placed[0] - area) * small[1] / p.sum()
    return area, np.asarray(total * np.stack([of_zeros, of_ones], axis=1))


def precision_moves(n: Array, p: Array) -> tuple[float, Array]:
    """An average precision and what rows move it by: labels 1 by their own, and both labels those of scores below."""
    hits, misses = (np.cumsum(column[::-1])[::-1] for column in (p, n))
    some = hits + misses > 0.0
    shown = np.where(some, hits + misses, 1.0)
    precision = hits / shown
    average = float((p * precision).sum() / p.sum())
    by_misses, by_hits = np.cumsum(p * hits / shown**2), np.cumsum(p * misses / shown**2)
    moves = np.stack([-by_misses, precision - average + by_hits], axis=1)
    return average, np.asarray(moves * (n.sum() + p.sum()) / p.sum())


def distance_moves(n: Array, p: Array) -> tuple[float, Array]:
    """A largest distance of both shares and what rows move it by, where it is."""
    shares = [np.cumsum(column) / column.sum() for column in (n, p)]
    at = int(np.argmax(np.abs(shares[0] - shares[1])))
    sign = 1.0 if shares[0][at] >= shares[1][at] else -1.0
    below = 1.0 * (np.arange(len(n)) <= at)
    moves = [(below - share[at]) / column.sum() for share, column in zip(shares, (n, p), strict=True)]
    numbers = sign * (n.sum() + p.sum()) * np.stack([moves[0], -moves[1]], axis=1)
    return float(np.abs(shares[0] - shares[1])[at]), np.asarray(numbers)


__all__ = ["SAMPLE", "OfScores", "Placed", "Sample", "Sampled", "area_moves", "distance_moves", "precision_moves"]
