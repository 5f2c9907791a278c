"""Logits of tokens for the tests of scores, and what there is to know of them in more digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from numloss.common.halves import BFLOAT16, widened

Numbers = np.ndarray[Any, Any]
ROWS, CLASSES = 90, 700


def stored(values: Numbers, dtype: str) -> Numbers:
    """Numbers in a dtype, those of bfloat16 cut off."""
    if dtype != "bfloat16":
        return values.astype(dtype)
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16).view(BFLOAT16)


def some_logits(seed: int = 0, rows: int = ROWS, classes: int = CLASSES) -> Numbers:
    return np.random.default_rng(seed).normal(size=(rows, classes)) * 4


LABELS = np.random.default_rng(5).integers(0, CLASSES, ROWS)
LABELS[::3] = some_logits().argmax(axis=1)[::3]
DOCUMENTS = np.repeat([7, 3, 11, 4], [20, 1, 40, 29])
BYTES = np.random.default_rng(6).integers(0, 4, ROWS)


def exactly(logits: Numbers, labels: Numbers) -> dict[str, Numbers]:
    """What there is to know of each token, in more digits than are asked for."""
    z = widened(logits).astype(np.longdouble)
    top = z.max(axis=1, keepdims=True)
    logs = z - top - np.log(np.exp(z - top).sum(axis=1, keepdims=True))
    own = logs[np.arange(len(z)), labels]
    terms = np.where(logs > -np.inf, np.exp(logs) * logs, 0.0)
    order = np.argsort(-z, axis=1, kind="stable")
    rank = 1 + (z > z[np.arange(len(z)), labels][:, None]).sum(axis=1)
    sums = {"nll": -own, "entropy": -terms.sum(axis=1), "logs": logs}
    return {name: values.astype(np.float64) for name, values in sums.items()} | {"rank": rank, "order": order}


def divergences(logits: Numbers, other: Numbers) -> tuple[Numbers, Numbers]:
    """That of the rows from others, KL(others || rows), and the other way, by terms of which none is negative."""
    with np.errstate(all="ignore"):
        x, y = (exactly_logs(each) for each in (logits, other))
        p, q = np.exp(y), np.exp(x)
        return tuple(  # type: ignore[return-value]
            np.where(a > 0, a * (from_a - to_b) + b - a, b).sum(axis=1).astype(np.float64)
            for a, b, from_a, to_b in ((p, q, y, x), (q, p, x, y))
        )


def exactly_logs(logits: Numbers) -> Numbers:
    """Log-probabilities in long doubles."""
    z = widened(logits).astype(np.longdouble)
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))
