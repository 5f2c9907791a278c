"""Metrics of a trained network, from scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..common.extras import optional
from ..data.dataset import Array, Dataset

# What is measured after each epoch; the rest is measured once, at the end.
EVERY_EPOCH = {True: ("accuracy",), False: ("mae", "r2")}
ALL = {True: ("accuracy", "precision", "recall", "f1"), False: ("mae", "r2")}


def scores(output: Array, data: Dataset, names: Sequence[str]) -> dict[str, float]:
    """Metrics by name: accuracy, and precision, recall and f1 as means over the classes; mae and r2 of numbers."""
    metrics = optional("sklearn.metrics", "train", "metrics")
    answer = output.argmax(axis=1) if data.is_labelled else output
    weigh: dict[str, Any] = {"sample_weight": data.weight}
    over_classes = {"average": "macro", "zero_division": 0, **weigh}
    makers: dict[str, tuple[str, dict[str, Any]]] = {
        "accuracy": ("accuracy_score", weigh),
        "precision": ("precision_score", over_classes),
        "recall": ("recall_score", over_classes),
        "f1": ("f1_score", over_classes),
        "mae": ("mean_absolute_error", weigh),
        "r2": ("r2_score", weigh),
    }
    found = {}
    for name in names:
        function, options = makers[name]
        # one row has no variance that r2 could explain
        known = name != "r2" or len(data) > 1
        found[name] = float(getattr(metrics, function)(data.target, answer, **options)) if known else float("nan")
    return found


def confusion(output: Array, data: Dataset) -> Array:
    """How many rows of each class (down) were taken for each class (across)."""
    counted = optional("sklearn.metrics", "train", "metrics").confusion_matrix(
        data.target, output.argmax(axis=1), labels=np.arange(data.classes)
    )
    return np.asarray(counted)
