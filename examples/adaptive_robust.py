"""A line through points of which some are wild: the shape and the scale of the loss are learned with it.

    python examples/adaptive_robust.py

A loss that could choose how much far errors count would count none of them. What keeps it honest is the distribution
that it belongs to, exp(-loss) / Z: a small shape makes far errors cheap and near ones dear, by way of log(Z).
"""

from __future__ import annotations

import numpy as np

import numloss as nl

# Where Z, the integral of exp(-loss), is taken, in units of the scale: far out the distribution is flat.
GRID = np.sinh(np.linspace(-12.0, 12.0, 4001))
LOW, HIGH = 0.05, 1.95


def normaliser(alpha: float) -> tuple[float, float]:
    """log(Z) of a shape and its slope, which is minus the mean slope of the loss."""
    zeros, ones = np.zeros_like(GRID), np.ones_like(GRID)
    gradient = nl.value_and_grad(nl.adaptive_robust, argnums=2)
    _, by_alpha = gradient(GRID, zeros, alpha * ones, ones, reduction="sum")
    density = np.exp(-nl.general_robust(GRID, zeros, alpha=alpha, reduction="none"))
    z = np.trapezoid(density, GRID)
    return float(np.log(z)), float(-np.trapezoid(density * by_alpha, GRID) / z)


def fit(wild: float, steps: int = 1500) -> tuple[float, float, float, float]:
    """Slope and offset of a line, shape and scale, by Adam; `wild` is the share of points that are anywhere."""
    random = np.random.default_rng(0)
    x = random.uniform(-1.0, 1.0, 500)
    y = 2.0 * x + 1.0 + 0.1 * random.normal(size=x.size)
    y = np.where(random.random(x.size) < wild, random.uniform(-20.0, 20.0, x.size), y)
    weights = np.array([0.0, 0.0, 0.0, 0.0])  # of the line, then the logit of the shape and the logarithm of the scale
    mean, square = np.zeros(4), np.zeros(4)
    gradient = nl.value_and_grad(nl.adaptive_robust)
    for step in range(1, steps + 1):
        share = 1.0 / (1.0 + np.exp(-weights[2]))
        alpha, c = LOW + (HIGH - LOW) * share, float(np.exp(weights[3]))
        pred = weights[0] * x + weights[1]
        _, (by_pred, by_alpha, by_c) = gradient(pred, y, np.full_like(x, alpha), np.full_like(x, c))
        by_shape = (by_alpha.sum() + normaliser(alpha)[1]) * (HIGH - LOW) * share * (1.0 - share)
        slope = np.array([by_pred @ x, by_pred.sum(), by_shape, by_c.sum() * c + 1.0])
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        weights -= 0.02 * (mean / (1.0 - 0.9**step)) / (np.sqrt(square / (1.0 - 0.99**step)) + 1e-8)
    return float(weights[0]), float(weights[1]), alpha, c


if __name__ == "__main__":
    for wild in (0.0, 0.3):
        slope, offset, alpha, c = fit(wild)
        print(f"{wild:.0%} wild: y = {slope:.2f} x + {offset:.2f}, alpha {alpha:.2f}, c {c:.2f}")
