"""VICReg from its definition."""

import numpy as np


def of_view(x, variance, covariance, gamma, eps):
    x = np.asarray(x, np.float64)
    x = x - x.mean(axis=-2, keepdims=True)
    c = np.swapaxes(x, -1, -2) @ x / (x.shape[-2] - 1.0)
    spread = np.maximum(0.0, gamma - np.sqrt(np.diagonal(c, axis1=-1, axis2=-2) + eps)).mean(axis=-1)
    off = (c**2).sum(axis=(-1, -2)) - (np.diagonal(c, axis1=-1, axis2=-2) ** 2).sum(axis=-1)
    return variance * spread / 2.0, covariance * off / x.shape[-1]


def value(first, second, *, invariance=25.0, variance=25.0, covariance=1.0, gamma=1.0, eps=1e-4):
    apart = ((np.asarray(first, np.float64) - second) ** 2).mean(axis=(-1, -2))
    parts = [of_view(x, variance, covariance, gamma, eps) for x in (first, second)]
    return invariance * apart + sum(sum(part) for part in parts)


def size(first, second, *, covariance=1.0, variance=25.0, gamma=1.0, **options):
    """Of the squares that cancel here, and of deviations near gamma."""
    wide = sum((np.asarray(x, np.float64) ** 2).sum(axis=(-1, -2)) for x in (first, second)) / first.shape[-2]
    return 1.0 + variance * gamma + covariance * wide**2 + value(first, second, covariance=covariance, **options)
