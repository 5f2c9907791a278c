"""Orders of scores of several classes: each class against the others, or against each of them, as labels 1 and 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..typing import Array
from .base import Rows
from .labels import class_labels

# Of which class the scores are, and which class is label 0: any other one where it is none.
View = tuple[int, int]
OTHERS = -1
MULTI_CLASS = ("ovr", "ovo")


def views_of(classes: int, multi_class: str) -> tuple[View, ...]:
    """All views of so many classes."""
    if multi_class == "ovr":
        return tuple((k, OTHERS) for k in range(classes))
    return tuple((k, other) for k in range(classes) for other in range(classes) if other != k)


def rows_in(rows: Rows, view: View) -> tuple[Rows, Array | None]:
    """The rows that a view looks at, their scores and labels 0 and 1, and which of all they are, None for all."""
    labels = class_labels(rows.target, rows.pred.shape[1])
    own, other = view
    some = None if other == OTHERS else np.flatnonzero((labels == own) | (labels == other))
    which: Any = slice(None) if some is None else some
    target = (labels[which] == own).astype(np.uint8)
    weight = None if rows.weight is None else rows.weight[which]
    place = None if rows.place is None else rows.place[which]
    return Rows(rows.pred[which, own], target, weight, rows.keys, place, rows.backend), some
