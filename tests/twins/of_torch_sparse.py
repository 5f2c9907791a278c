"""Losses of sparse distributions, written down in PyTorch as their authors' code has them."""

from __future__ import annotations

from typing import Any

from twins.twin import Twin, drawn


def _entmax15(t: Any, scores: Any) -> Any:
    """The distribution: its threshold from means and variances of the largest scores, which are sorted."""
    halves = (scores - scores.max(dim=1, keepdim=True).values) / 2
    ordered = halves.sort(dim=1, descending=True).values
    ranks = t.arange(1, scores.shape[1] + 1, dtype=scores.dtype)
    mean = ordered.cumsum(1) / ranks
    spread = ranks * ((ordered**2).cumsum(1) / ranks - mean**2)
    thresholds = mean - ((1 - spread) / ranks).clamp(min=0).sqrt()
    support = (thresholds <= ordered).sum(1, keepdim=True)
    return (halves - thresholds.gather(1, support - 1)).clamp(min=0) ** 2


def _entmax15_loss(t: Any, scores: Any, labels: Any) -> Any:
    with t.no_grad():
        p = _entmax15(t, scores)
        entropy = (1 - (p * p.sqrt()).sum(1)) / 0.75
    return ((p - t.nn.functional.one_hot(labels, scores.shape[1])) * scores).sum() + entropy.sum()


def _entmax_bisect(t: Any, scores: Any, labels: Any, alpha: float) -> Any:
    """Its threshold by 60 halvings."""
    with t.no_grad():
        steep = scores * (alpha - 1)
        low = steep.max(dim=1, keepdim=True).values - 1
        width = t.ones_like(low)
        for _ in range(60):
            width = width / 2
            p = (steep - (low + width)).clamp(min=0) ** (1 / (alpha - 1))
            low = t.where(p.sum(1, keepdim=True) >= 1, low + width, low)
        p = (steep - low).clamp(min=0) ** (1 / (alpha - 1))
        entropy = (1 - (p**alpha).sum(1)) / (alpha * (alpha - 1))
    return ((p - t.nn.functional.one_hot(labels, scores.shape[1])) * scores).sum() + entropy.sum()


TWINS = [
    Twin("torch", "Entmax15Loss of entmax, written down", "entmax15", _entmax15_loss),
    Twin("torch", "EntmaxBisectLoss of entmax, written down", "entmax", _entmax_bisect, drawn("alpha", 1.1, 2.0),
         convention="it divides probabilities by their sum"),
]  # fmt: skip
