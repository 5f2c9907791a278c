"""Continuous ranked probability score of a normal distribution, from its closed form."""

import mpmath as mp
import numpy as np
from points import normal_spreads


def value(pred, target, scale, *, eps=1e-6):
    sigma = np.maximum(scale, eps)
    z = (pred - np.asarray(target, dtype=np.float64)) / sigma
    chance = np.vectorize(lambda x: float(mp.erf(x)), otypes=[float])(z / np.sqrt(2))
    return sigma * (z * chance + np.sqrt(2 / np.pi) * np.exp(-(z**2) / 2) - 1 / np.sqrt(np.pi))


def exact(pred, target, scale, *, eps):
    sigma = max(scale, eps)
    z = (pred - target) / sigma
    chance, density = mp.erf(z / mp.sqrt(2)), mp.sqrt(2 / mp.pi) * mp.exp(-(z**2) / 2)
    spread = density - 1 / mp.sqrt(mp.pi)
    return sigma * (z * chance + spread), (chance, spread), (density / sigma, z**2 * density / sigma)


def scale(pred, target, scale, *, eps):
    """The larger term of the slope in the scale, which changes sign."""
    z = (pred - target) / max(scale, eps)
    start = mp.sqrt(2 / mp.pi) - 1 / mp.sqrt(mp.pi)
    return 0, (0, max(start, -mp.sqrt(2 / mp.pi) * mp.expm1(-(z**2) / 2))), (0, 0)


TAILS = [(normal_spreads, {"eps": 1e-9})]
