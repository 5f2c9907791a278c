"""
How far it may be off
=====================

The quantile loss of `q` is least at the value that a share `q` of the targets stays below. Three of them
make a band that knows where the noise is large; `gaussian_nll_logvar` says the same by a mean and a variance.
"""

import matplotlib.pyplot as plt
import numpy as np

import numloss as nl

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(0.0, 1.0, 1500))
spread = 0.05 + 0.4 * x**2
y = np.sin(5.0 * x) + spread * rng.normal(size=x.size)
centres = np.linspace(0.0, 1.0, 10)
features = np.exp(-0.5 * ((x[:, None] - centres) / 0.12) ** 2)


def fitted(gradient, columns):
    """Weights of the features for each column, by Adam."""
    weights = np.zeros((len(centres), columns))
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, 1001):
        slopes = features.T @ gradient(features @ weights)
        mean, square = 0.9 * mean + 0.1 * slopes, 0.99 * square + 0.01 * slopes**2
        weights -= 0.02 * (1 - step / 1001) * (mean / (1 - 0.9**step)) / np.sqrt(square / (1 - 0.99**step) + 1e-30)
    return features @ weights


def of_quantiles(scores):
    """Slopes of three quantiles, one a column."""
    columns = [nl.grad(nl.quantile)(scores[:, k].copy(), y, q=q) for k, q in enumerate((0.05, 0.5, 0.95))]
    return np.column_stack(columns)


def of_moments(scores):
    """Slopes by the mean and the logarithm of the variance."""
    return np.column_stack(nl.grad(nl.gaussian_nll_logvar)(scores[:, 0].copy(), y, scores[:, 1].copy()))


figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
low, middle, high = fitted(of_quantiles, 3).T
mean, logarithm = fitted(of_moments, 2).T
reach = 1.645 * np.exp(0.5 * logarithm)
bands = {"quantile: 5, 50 and 95 %": (low, middle, high), "gaussian_nll_logvar": (mean - reach, mean, mean + reach)}
for place, (name, (lower, centre, upper)) in zip(axes, bands.items(), strict=True):
    inside = ((y >= lower) & (y <= upper)).mean()
    place.plot(x, y, ".", color="gray", markersize=2)
    place.fill_between(x, lower, upper, alpha=0.3)
    place.plot(x, centre)
    place.set(title=f"{name}; {inside:.0%} inside", xlabel="x")
