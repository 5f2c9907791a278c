"""Likelihoods from the distributions of PyTorch, and XGBoost's survival:aft by its formula."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from twins.twin import Twin, drawn


def _censored(t: Any, cdf: Any, log_density: Any, pred: Any, low: Any, high: Any, sigma: float) -> Any:
    """Minus the logarithm of a density of known values over sigma, of a probability of others, for each."""
    low, high = t.minimum(low, high), t.maximum(low, high)
    known = low == high
    # where it is not chosen it must be finite, too, or gradients are not
    z, y = (t.where(known, low + 1.0, high) - pred) / sigma, (low - pred) / sigma
    density = log_density((t.where(known, low, 0.0) - pred) / sigma)
    return t.where(known, math.log(sigma) - density, -t.log(cdf(z) - cdf(y)))


def _of(distribution: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The cumulative distribution function and the logarithm of the density, as XGBoost has them."""
    if distribution == "normal":
        return lambda t, z: t.special.ndtr(z), lambda t, z: t.distributions.Normal(0.0, 1.0).log_prob(z)
    if distribution == "logistic":
        return lambda t, z: t.sigmoid(z), lambda t, z: -z - 2.0 * t.nn.functional.softplus(-z)
    return lambda t, z: -t.expm1(-t.exp(z)), lambda t, z: z - t.exp(z)


def _plain(distribution: str) -> Callable[..., Any]:
    cdf, log_density = _of(distribution)

    def call(t: Any, pred: Any, lower: Any, upper: Any, sigma: float) -> Any:
        found = _censored(t, lambda z: cdf(t, z), lambda z: log_density(t, z), pred, lower, upper, sigma)
        return found.sum()

    return call


def _aft(distribution: str) -> Callable[..., Any]:
    cdf, log_density = _of(distribution)

    def call(t: Any, pred: Any, lower: Any, upper: Any, sigma: float) -> Any:
        low, high = t.log(lower), t.log(upper)
        found = _censored(t, lambda z: cdf(t, z), lambda z: log_density(t, z), pred, low, high, sigma)
        return (found + t.where(lower == upper, low, 0.0)).sum()

    return call


def near(pred: Any, lower: Any, upper: Any) -> Any:
    """Bounds that are not so far away that differences of probabilities lose their digits."""
    return 0.3 * pred, lower, upper


SIGMA = drawn("sigma", 0.8, 2.0)
FLOOR = "it clips probabilities at 1e-12, and gradients"
TWINS = [
    Twin("torch", "Normal, censored", "censored_normal", _plain("normal"), SIGMA, inputs=near),
    Twin("torch", "the logistic distribution, censored", "censored_logistic", _plain("logistic"), SIGMA, inputs=near),
    *(
        Twin("torch", f"survival:aft of XGBoost, {theirs}", ours, _aft(theirs), SIGMA, convention=FLOOR, inputs=near)
        for theirs, ours in (("normal", "lognormal_aft"), ("logistic", "loglogistic_aft"), ("extreme", "weibull_aft"))
    ),
]
