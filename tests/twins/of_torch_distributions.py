"""Likelihoods from the distributions of PyTorch, and XGBoost's survival:aft by its formula."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from twins.twin import Options, Random, Twin, drawn


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


def _zero_inflated(t: Any, pred: Any, target: Any, gate: Any, full: bool) -> Any:
    counts = t.distributions.Poisson(pred.exp()).log_prob(target) - t.nn.functional.softplus(gate)
    found = -t.where(target == 0, t.logaddexp(gate - t.nn.functional.softplus(gate), counts), counts)
    return found.sum() - (0.0 if full else t.lgamma(1.0 + target).sum())


def _hurdle(t: Any, pred: Any, target: Any, gate: Any, full: bool) -> Any:
    counts = t.distributions.Poisson(pred.exp()).log_prob(target) - t.log(-t.expm1(-pred.exp()))
    found = t.where(target == 0, t.nn.functional.softplus(-gate), t.nn.functional.softplus(gate) - counts)
    return found.sum() - (0.0 if full else t.lgamma(1.0 + target).sum())


def _sized(t: Any, pred: Any, size: Any) -> Any:
    return t.distributions.NegativeBinomial(total_count=size, logits=pred - size.log())


def _zero_inflated_sized(t: Any, pred: Any, target: Any, size: Any, gate: Any) -> Any:
    counts = _sized(t, pred, size).log_prob(target) - t.nn.functional.softplus(gate)
    return -t.where(target == 0, t.logaddexp(gate - t.nn.functional.softplus(gate), counts), counts).sum()


def _hurdle_sized(t: Any, pred: Any, target: Any, size: Any, gate: Any) -> Any:
    none = _sized(t, pred, size).log_prob(t.zeros_like(target))
    counts = _sized(t, pred, size).log_prob(target) - t.log(-t.expm1(none))
    softplus = t.nn.functional.softplus
    return t.where(target == 0, softplus(-gate), softplus(gate) - counts).sum()


def _divergence(t: Any, mean: Any, log_var: Any, *other: Any) -> Any:
    normals = [t.distributions.Normal(m, (0.5 * v).exp()) for m, v in ((mean, log_var), other)]
    return t.distributions.kl_divergence(*normals).sum()


def _pareto(t: Any, scale: Any, shape: Any, target: Any) -> Any:
    """Of positive shapes it is a Pareto distribution, shifted to begin at 0."""
    start = scale / shape
    return -t.distributions.Pareto(start, 1.0 / shape).log_prob(target + start).sum()


def heavy(scale: Any, shape: Any, target: Any) -> Any:
    """Shapes well above 0: near it PyTorch's logarithms cancel."""
    return scale, 0.5 + abs(shape), target


def _von_mises(t: Any, pred: Any, target: Any, concentration: Any, full: bool) -> Any:
    spread = t.log(t.special.i0e(concentration)) + (math.log(2.0 * math.pi) if full else 0.0)
    return (spread + concentration * (1.0 - t.cos(pred - target))).sum()


def full(random: Random) -> Options:
    return {"full": bool(random.integers(2))}


def some_zero(pred: Any, target: Any, *others: Any) -> Any:
    """Counts, every third of them 0."""
    return pred, np.where(np.arange(target.size) % 3 == 0, 0.0, np.rint(target)), *others


SIGMA = drawn("sigma", 0.8, 2.0)
FLOOR = "it clips probabilities at 1e-12, and gradients"
TWINS = [
    Twin("torch", "Normal, censored", "censored_normal", _plain("normal"), SIGMA, inputs=near),
    Twin("torch", "the logistic distribution, censored", "censored_logistic", _plain("logistic"), SIGMA, inputs=near),
    Twin("torch", "Poisson, zero-inflated", "zero_inflated_poisson_nll", _zero_inflated, full, inputs=some_zero),
    Twin("torch", "Poisson behind a hurdle", "hurdle_poisson_nll", _hurdle, full, inputs=some_zero),
    Twin(
        "torch",
        "NegativeBinomial, zero-inflated",
        "zero_inflated_negative_binomial_nll",
        _zero_inflated_sized,
        inputs=some_zero,
    ),
    Twin(
        "torch",
        "NegativeBinomial behind a hurdle",
        "hurdle_negative_binomial_nll",
        _hurdle_sized,
        inputs=some_zero,
    ),
    Twin("torch", "kl_divergence(Normal, Normal)", "gaussian_kl", _divergence),
    Twin(
        "torch",
        "kl_divergence of the standard normal",
        "gaussian_prior_kl",
        lambda t, mean, log_var: _divergence(t, mean, log_var, t.zeros_like(mean), t.zeros_like(mean)),
    ),
    Twin(
        "torch",
        "Beta",
        "beta_distribution_nll",
        lambda t, alpha, beta, y: -t.distributions.Beta(alpha, beta).log_prob(y).sum(),
    ),
    Twin("torch", "Pareto, from 0", "generalized_pareto_nll", _pareto, inputs=heavy),
    Twin("torch", "i0e, of a von Mises density", "von_mises_nll", _von_mises, full),
    *(
        Twin("torch", f"survival:aft of XGBoost, {theirs}", ours, _aft(theirs), SIGMA, convention=FLOOR, inputs=near)
        for theirs, ours in (("normal", "lognormal_aft"), ("logistic", "loglogistic_aft"), ("extreme", "weibull_aft"))
    ),
]
