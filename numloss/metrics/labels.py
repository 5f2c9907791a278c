"""Labels that are what they should be."""

from __future__ import annotations

import numpy as np

from ..typing import Array
from .kernels import bad_label


def binary_labels(target: Array) -> Array:
    """Labels 0 and 1 as integers."""
    good = (target == 0) | (target == 1)
    if not good.all():
        raise bad_label("target", target, int(np.argmin(good)), "0 or 1")
    found: Array = target.astype(np.int64)
    return found


def class_labels(target: Array, classes: int) -> Array:
    """Labels of classes as integers."""
    good = (target >= 0) & (target < classes) & (target == np.floor(target))
    if not good.all():
        raise bad_label("target", target, int(np.argmin(good)), f"a class from 0 to {classes - 1}")
    found: Array = target.astype(np.int64)
    return found
