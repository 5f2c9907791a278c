"""Scores, labels and questions of the tests of metrics."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

import numloss as nl
from numloss.evaluation.found import MetricValue
from numloss.evaluation.result import Evaluation

ROWS = 1000
DTYPES = ("float16", "float32", "float64")
ORDERS = ("auc", "average_precision", "ks")


def scores(dtype: str, rows: int = ROWS, spread: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores, some of which are equal, and labels 0 and 1."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows).astype(np.uint8)
    found = (rng.normal(size=rows) * spread + labels).astype(dtype)
    found[1::5] = found[::5]
    found[::7] = np.round(found[::7], 1)
    found[::50] = 0.0
    found[::100] = -0.0
    return found, labels


def values(result: Evaluation) -> list[float]:
    return [metric.value for metric in result.metrics]


def one(metric: Any, pred: Any, target: Any, **asked: Any) -> MetricValue:
    (found,) = nl.evaluate((), pred, target, metrics=metric, **asked).metrics
    return found


def of_pairs(pred: np.ndarray, target: np.ndarray) -> float:
    """The area by all pairs, rounded once."""
    positives, negatives = pred[target == 1], pred[target == 0]
    above = (positives[:, None] > negatives).sum()
    equal = (positives[:, None] == negatives).sum()
    return float(Fraction(2 * int(above) + int(equal), 2 * len(positives) * len(negatives)))


def classes(count: int = 5, dtype: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, count, ROWS)
    found = rng.normal(size=(ROWS, count)).astype(dtype)
    found[np.arange(ROWS), labels] += 1.0
    return found, labels
