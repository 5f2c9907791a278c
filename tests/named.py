"""Teachers that name some of the classes of each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from seeds import generator
from test_divergences import logarithms

Array = np.ndarray[Any, Any]
RESTS = ("tail", "drop", "zero")


def problem(classes: int, named: int, dtype: str, distance: float | None = None) -> tuple[Array, Array, Array]:
    """Logits, the classes that a teacher finds likely, in no order and filled up, and their log-probabilities."""
    random = generator("topk", classes, named)
    x = random.normal(0.0, 3.0, (5, classes)).astype(dtype)
    y = random.normal(0.0, 3.0, x.shape) if distance is None else x + distance * random.normal(0.0, 1.0, x.shape)
    indices = random.permuted(np.argsort(-y, axis=1)[:, :named], axis=1)
    logs = np.take_along_axis(logarithms(y), indices, axis=1).astype(dtype)
    if named > 2:
        indices[1, 2], logs[1, 2] = -1, np.nan
    return x, indices.astype(np.int32), logs
