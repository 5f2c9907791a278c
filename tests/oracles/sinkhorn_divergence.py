"""Naive float64 of Sinkhorn divergence."""

from typing import Any

import numpy as np


def _log_sum(terms: Any, axis: int) -> Any:
    top = terms.max(axis=axis, keepdims=True, initial=-1e300)
    return np.log(np.exp(terms - top).sum(axis=axis)) + top.squeeze(axis)


def transport(x: Any, y: Any, a: Any, b: Any, p: float, eps: float, steps: int = 500) -> Any:
    """By its dual, of potentials that plain iterations find."""
    squared = ((x[..., :, None, :] - y[..., None, :, :]) ** 2).sum(axis=-1)
    rate = (np.sqrt(squared) if p == 1 else squared / 2) / eps
    with np.errstate(divide="ignore"):
        log_a, log_b = np.log(a), np.log(b)
    f, g = np.zeros(a.shape), np.zeros(b.shape)
    for _ in range(steps):
        f = -_log_sum((g + log_b)[..., None, :] - rate, -1)
        before, g = g, -_log_sum((f + log_a)[..., :, None] - rate, -2)
        if np.all(np.abs(g - before) < 1e-14):
            break
    return eps * ((a * f).sum(axis=-1) + (b * g).sum(axis=-1))


def masses(points: Any, given: Any) -> Any:
    """What each point has, of a sum of 1."""
    found = np.ones(points.shape[:-1]) if given is None else np.broadcast_to(given, points.shape[:-1])
    return found / found.sum(axis=-1, keepdims=True)


def value(
    x: Any,
    y: Any,
    *,
    p: float = 2.0,
    eps: float = 0.05,
    debias: bool = True,
    a: Any = None,
    b: Any = None,
    iterations: int = 100,
    tolerance: float = 1e-6,
    scaling: float = 0.5,
) -> Any:
    a, b = masses(x, a), masses(y, b)
    total = transport(x, y, a, b, p, eps)
    if debias:
        total = total - (transport(x, x, a, a, p, eps) + transport(y, y, b, b, p, eps)) / 2
    return total
