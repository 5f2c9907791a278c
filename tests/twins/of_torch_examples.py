"""Scores of ensembles, as their definitions are written in PyTorch."""

from __future__ import annotations

from typing import Any

from twins.twin import Twin, drawn


def _spread(t: Any, members: Any, weight: Any, share: Any) -> Any:
    """Half the mean distance of two members, of which a share is that of two different ones."""
    apart = (members[..., :, None] - members[..., None, :]).abs()
    mean = (weight[:, None] * weight * apart).sum(dim=(-1, -2))
    return 0.5 * mean * (1.0 - share + share / (1.0 - (weight**2).sum()))


def _crps(t: Any, pred: Any, target: Any, weight: Any = None, share: float = 0.0) -> Any:
    weight = t.ones(pred.shape[-1], dtype=pred.dtype) if weight is None else weight
    weight = weight / weight.sum()
    errors = (weight * (pred - target[..., None]).abs()).sum(dim=-1)
    return (errors - _spread(t, pred, weight, share)).sum()


def _almost_fair(t: Any, pred: Any, target: Any, alpha: float = 0.95) -> Any:
    return _crps(t, pred.clamp(min=-1.0), target.clamp(min=-1.0), share=alpha)


def _weighted(t: Any, pred: Any, target: Any) -> Any:
    weight = t.arange(1.0, 8.0, dtype=pred.dtype)
    return _crps(t, pred.clamp(max=2.5), target.clamp(max=2.5), weight, 1.0)


def _energy(t: Any, pred: Any, target: Any) -> Any:
    errors = (pred - target[..., None, :]).norm(dim=-1).mean(dim=-1)
    first, second = t.triu_indices(pred.shape[-2], pred.shape[-2], 1)
    pairs = (pred[..., first, :] - pred[..., second, :]).norm(dim=-1).sum(dim=-1)
    return (errors - pairs / pred.shape[-2] ** 2).sum()


def _variogram(t: Any, pred: Any, target: Any, p: float) -> Any:
    first, second = t.triu_indices(pred.shape[-1], pred.shape[-1], 1)
    seen = (target[..., first] - target[..., second]).abs() ** p
    told = ((pred[..., first] - pred[..., second]).abs() ** p).mean(dim=-2)
    return 2.0 * ((seen - told) ** 2).sum()


TWINS = [
    Twin("torch", "mean absolute differences", "crps_ensemble", _crps),
    Twin("torch", "almost fair", "crps_ensemble:fair", _almost_fair, drawn("alpha", 0.0, 1.0)),
    Twin("torch", "members that are weighted", "crps_ensemble:weighted", _weighted),
    Twin("torch", "norms of differences", "energy_score", _energy),
    Twin("torch", "powers of differences", "variogram_score", _variogram, drawn("p", 0.4, 2.0)),
]
