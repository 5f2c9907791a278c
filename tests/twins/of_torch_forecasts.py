"""Losses of several quantiles, written down in PyTorch as libraries of forecasts have them."""

from __future__ import annotations

from typing import Any

from twins.twin import Options, Random, Twin


def _levels(random: Random) -> Options:
    return {"levels": [0.05, 0.25, 0.5, 0.75, 0.95]}


def _mqloss(t: Any, pred: Any, target: Any, levels: Any) -> Any:
    error, q = pred - target[:, None], t.tensor(levels, dtype=t.float64)
    return (q * t.clamp(-error, min=0) + (1 - q) * t.clamp(error, min=0)).mean(-1).sum()


def _gluonts(t: Any, pred: Any, target: Any, levels: Any) -> Any:
    losses = [(2 * (pred[:, k] - target) * ((target <= pred[:, k]).double() - q)).abs() for k, q in enumerate(levels)]
    return (t.stack(losses, -1) / len(levels)).sum()


def _pytorch_forecasting(t: Any, pred: Any, target: Any, levels: Any) -> Any:
    errors = [(q, target - pred[:, k]) for k, q in enumerate(levels)]
    return 2 * t.stack([t.max((q - 1) * error, q * error) for q, error in errors], -1).mean(-1).sum()


def _scoringutils(t: Any, pred: Any, target: Any, levels: Any, doubled: bool) -> Any:
    assert doubled
    half = len(levels) // 2
    score = 0.5 * (target - pred[:, half]).abs()
    for k, level in enumerate(levels[:half]):
        alpha, lower, upper = 2 * level, pred[:, k], pred[:, -1 - k]
        missed = t.clamp(lower - target, min=0) + t.clamp(target - upper, min=0)
        score = score + alpha / 2 * (upper - lower + 2 / alpha * missed)
    return (score / (half + 0.5)).sum()


TWINS = [
    Twin("torch", "MQLoss of neuralforecast, written down", "multi_quantile", _mqloss, _levels,
         convention="it takes levels in hundredths, too, and weights horizons"),
    Twin("torch", "QuantileLoss of GluonTS, written down", "multi_quantile", _gluonts, _levels, times=0.5,
         convention="twice of it; it has weights of quantiles, 1 / Q by default"),
    Twin("torch", "QuantileLoss of pytorch-forecasting, written down", "multi_quantile", _pytorch_forecasting, _levels,
         times=0.5, convention="twice of it"),
    Twin("torch", "wis of scoringutils, written down", "multi_quantile", _scoringutils,
         lambda random: _levels(random) | {"doubled": True},
         convention="our weighted_interval_score; count_median_as_full=TRUE divides by K + 1 instead"),
]  # fmt: skip
