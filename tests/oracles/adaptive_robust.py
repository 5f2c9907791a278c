"""Barron's general robust loss with a shape and a scale for each error, from its definition."""

import mpmath as mp
import numpy as np
from points import shaped_residuals


def value(pred, target, alpha, c):
    square = ((pred - np.asarray(target, dtype=np.float64)) / c) ** 2
    b = 2 - np.asarray(alpha, dtype=np.float64)
    flat = np.log1p(square / b)
    return np.where(alpha == 0, b / 2 * flat, b / np.where(alpha == 0, 1, alpha) * np.expm1(alpha / 2 * flat))


def parts(pred, target, alpha, c):
    """The logarithm and the two terms of the slope by alpha."""
    alpha, b, square = mp.mpf(alpha), 2 - mp.mpf(alpha), ((pred - target) / c) ** 2
    y = square / b
    grown = mp.log(1 + y)
    k = alpha * grown / 2
    share = mp.mpf(1) / 2 if k == 0 else (k * mp.exp(k) - mp.exp(k) + 1) / k**2
    return y, grown**2 / 2 * share, mp.exp(k) * (grown - y / (1 + y)) / 2


def exact(pred, target, alpha, c):
    r, b = pred - target, 2 - mp.mpf(alpha)
    y, one, other = parts(pred, target, alpha, c)
    value = mp.log(1 + y) if alpha == 0 else b / alpha * ((1 + y) ** (mp.mpf(alpha) / 2) - 1)
    slope = r / c**2 * (1 + y) ** (mp.mpf(alpha) / 2 - 1)
    return value, (slope, one - other, -slope * r / c), ()


def scale(pred, target, alpha, c):
    """The larger of the terms that cancel by alpha."""
    _, one, other = parts(pred, target, alpha, c)
    return 0, (0, max(one, other), 0), ()


TAILS = [(shaped_residuals, {})]
