"""Metrics: how good decisions, probabilities and orders are, counted in the pass of an evaluation.

::

    numloss.evaluate([], pred, target, metrics=["auc", "top_k:k=3", numloss.metrics.F1(average="micro")])

A metric is a name, with options behind it as the command line has them, or an object of a class of this package.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable
from typing import Any

from ..catalogue import nearest
from ..common.words import value_of
from .base import Metric, RowMetric
from .binary import Auc, AveragePrecision, Ks
from .calibration import Brier, Ece
from .classes import F1, Accuracy, Confusion, Precision, Recall, TopK
from .regression import R2, AbsoluteError, Coverage
from .result import Figures

METRICS: dict[str, type[Metric]] = {
    kind.name: kind
    for kind in (
        *(Accuracy, TopK, Confusion, Precision, Recall, F1),
        *(Auc, AveragePrecision, Ks, Brier, Ece),
        *(R2, AbsoluteError, Coverage),
    )
}
ALIASES = {"roc_auc": "auc", "ap": "average_precision", "f1_score": "f1", "r2_score": "r2", "calibration": "ece"}


def metric_of(given: Any) -> Metric:
    """The metric that is meant: an object, or a name with options, as ``top_k:k=3``."""
    if isinstance(given, Metric):
        return given
    if not isinstance(given, str):
        raise TypeError(f"{given!r} is not a metric; there are {', '.join(METRICS)}")
    name, *texts = given.split(":")
    kind = METRICS.get(ALIASES.get(name, name))
    if kind is None:
        raise ValueError(f"unknown metric {name!r}{nearest(name, METRICS)}; there are {', '.join(METRICS)}")
    known = [field.name for field in dataclasses.fields(kind)]
    options = {}
    for text in texts:
        option, equals, value = text.partition("=")
        if not equals or option not in known:
            there = f"it has {', '.join(known)}" if known else "it has none"
            raise ValueError(f"{name}: unknown option {text!r}{nearest(option, known)}; {there}")
        options[option] = value_of(value)
    return kind(**options)


def metrics_of(given: Any) -> list[Metric]:
    """Metrics, one or several."""
    one = isinstance(given, str | Metric)
    return [metric_of(each) for each in ([given] if one or not isinstance(given, Iterable) else given)]


def list_metrics() -> list[dict[str, Any]]:
    """Every metric: its name, what it is, its options with their defaults, and whether it is a mean of rows."""
    return [
        {
            "name": name,
            "text": (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " "),
            "options": {field.name: field.default for field in dataclasses.fields(kind)},
            "of_rows": issubclass(kind, RowMetric),
        }
        for name, kind in METRICS.items()
    ]


__all__ = [
    "METRICS", "AbsoluteError", "Accuracy", "Auc", "AveragePrecision", "Brier", "Confusion", "Coverage", "Ece", "F1",
    "Figures", "Ks", "Metric", "Precision", "R2", "Recall", "RowMetric", "TopK", "list_metrics", "metric_of",
    "metrics_of",
]  # fmt: skip
