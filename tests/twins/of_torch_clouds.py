"""Losses of clouds of points, written down in PyTorch as their papers have them."""

from __future__ import annotations

import math
from typing import Any

from twins.twin import Twin, drawn


def _squared(t: Any, x: Any, y: Any) -> Any:
    return ((x[..., :, None, :] - y[..., None, :, :]) ** 2).sum(-1)


def _mmd(t: Any, x: Any, y: Any, bandwidth: float) -> Any:
    def mean(one: Any, other: Any) -> Any:
        return t.exp(-_squared(t, one, other) / (2.0 * bandwidth**2)).mean((-1, -2)).sum()

    return mean(x, x) + mean(y, y) - 2.0 * mean(x, y)


def _energy_distance(t: Any, x: Any, y: Any) -> Any:
    def mean(one: Any, other: Any) -> Any:
        squared = _squared(t, one, other)
        apart = squared > 0.0
        return t.where(apart, t.where(apart, squared, 1.0).sqrt(), 0.0).mean((-1, -2)).sum()

    return 2.0 * mean(x, y) - mean(x, x) - mean(y, y)


def _transport(t: Any, x: Any, y: Any, eps: float) -> Any:
    """Potentials by plain iterations, through which nothing is differentiated, as geomloss does it; blur^2 is eps."""
    costs = _squared(t, x, y) / 2.0
    n, m = costs.shape[-2:]
    g = t.zeros(costs.shape[:-2] + (m,), dtype=costs.dtype)
    with t.no_grad():
        for _ in range(60):
            f = -eps * t.logsumexp((g[..., None, :] - costs) / eps, -1) + eps * math.log(m)
            g = -eps * t.logsumexp((f[..., :, None] - costs) / eps, -2) + eps * math.log(n)
        plan = t.exp((f[..., :, None] + g[..., None, :] - costs) / eps) / (n * m)
    value = (f.mean(-1) + g.mean(-1)).sum()
    return (plan * costs).sum() + (value - (plan * costs).sum()).detach()


def _sinkhorn(t: Any, x: Any, y: Any, eps: float, tolerance: float) -> Any:
    return _transport(t, x, y, eps) - 0.5 * _transport(t, x, x, eps) - 0.5 * _transport(t, y, y, eps)


TWINS = [
    Twin("torch", "of Gretton et al.", "mmd", _mmd, drawn("bandwidth", 0.3, 2.0)),
    Twin("torch", "of Szekely and Rizzo", "energy_distance", _energy_distance),
    Twin("torch", "of Feydy et al.", "sinkhorn_divergence", _sinkhorn, lambda random: {
        "eps": float(random.uniform(1.0, 3.0)), "tolerance": 0.0}, convention="eps is a power of its blur"),
]
