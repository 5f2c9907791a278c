"""Losses of distributions of returns, and of ordered classes, written down in PyTorch as their libraries have them."""

from __future__ import annotations

from typing import Any

from twins.twin import Options, Random, Twin, drawn


def _quantile_huber(t: Any, pred: Any, target: Any, kappa: float) -> Any:
    quantiles = (t.arange(pred.shape[1], dtype=t.float64) + 0.5) / pred.shape[1]
    error = target[:, None, :] - pred[:, :, None]
    huber = t.nn.functional.huber_loss(error, t.zeros_like(error), reduction="none", delta=kappa)
    weighed = (quantiles[None, :, None] - (error.detach() < 0).double()).abs() * huber / kappa
    return weighed.mean(dim=2).sum()


def _c51(t: Any, logits: Any, following: Any, reward: Any, done: Any, low: float, high: float, discount: float) -> Any:
    atoms = logits.shape[1]
    support, width = t.linspace(low, high, atoms, dtype=t.float64), (high - low) / (atoms - 1)
    moved = (reward[:, None] + (1 - done[:, None]) * discount * support).clamp(low, high)
    # tensorflow's project_distribution of Dopamine: the hat of each atom over all that were moved
    shares = (1 - (moved[:, None, :] - support[None, :, None]).abs() / width).clamp(0, 1)
    target = (shares * following[:, None, :]).sum(2)
    return -(target * t.log_softmax(logits, 1)).sum()


def _ends(random: Random) -> Options:
    return {"low": float(random.uniform(-9, -1)), "high": float(random.uniform(1, 9)),
            "discount": float(random.uniform(0.5, 1.0))}  # fmt: skip


def _ranked(t: Any, p: Any, labels: Any, from_probabilities: bool = True) -> Any:
    reached = (labels[:, None] <= t.arange(p.shape[1])).double()
    return ((p.cumsum(1) - reached) ** 2).sum()


TWINS = [
    Twin("torch", "quantile_huber_loss of sb3-contrib, written down", "quantile_huber", _quantile_huber,
         drawn("kappa", 0.3, 3.0), convention="it has a kappa of 1 alone, Dopamine divides by kappa as we do"),
    Twin("torch", "C51 of Dopamine, written down", "categorical_td", _c51, _ends),
    Twin("torch", "rps_score of scoringrules, of a softmax, written down", "ranked_probability",
         lambda t, x, y: _ranked(t, t.softmax(x, 1), y)),
]  # fmt: skip
