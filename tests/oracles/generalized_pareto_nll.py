"""Negative log-likelihood of a generalized Pareto distribution, from its definition."""

import mpmath as mp
import numpy as np
from points import exceedances


def value(scale, shape, target):
    u = np.asarray(target, dtype=np.float64) / scale
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = np.where(shape == 0.0, u, np.log1p(shape * u) * (1.0 + 1.0 / shape))
        return np.where(1.0 + shape * u > 0.0, np.log(scale) + grown, np.inf)


def terms(scale, shape, target):
    """1 + y, and u^k times what the value and its derivatives by the shape have of the logarithm of it."""
    u, w = target / scale, 1 + shape * target / scale
    if abs(w - 1) < mp.mpf(10) ** -60:
        y = w - 1
        return u, w, (u * (1 - y / 2), u**2 * (1 / mp.mpf(2) - 2 * y / 3), u**3 * (2 / mp.mpf(3) - 3 * y / 2)), (0, 0)
    q, grown = 1 - 1 / w, mp.log(w)
    rests = grown - q, 2 * grown - 2 * q - q**2
    large = (
        max(abs(grown), abs(q) * (1 + shape)) / shape**2,
        max(abs(2 * grown), q**2 * (1 + shape)) / abs(shape) ** 3,
    )
    return u, w, (grown / shape, rests[0] / shape**2, rests[1] / shape**3), large


def exact(scale, shape, target):
    if scale + shape * target <= 0:
        return mp.inf, (-mp.inf, -mp.inf), (mp.inf, mp.inf)
    u, w, (once, twice, thrice), _ = terms(scale, shape, target)
    value = mp.log(scale) + shape * once + once
    slopes = (1 - u) / (scale * w), u / w - twice
    return value, slopes, ((u * (1 + w) - 1) / (scale * w) ** 2, thrice - (u / w) ** 2)


def scale(scale, shape, target):
    """The largest term where terms cancel; by the shape where w is not near 1, those of its logarithm, too."""
    if scale + shape * target <= 0:
        return 0, (0, 0), (0, 0)
    u, w, (once, twice, thrice), large = terms(scale, shape, target)
    far = 0 if abs(w - 1) < abs(w + 1) * mp.mpf(0.45) else 1
    value = max(abs(mp.log(scale)), abs(once), abs(shape * once))
    bend = max(u * (1 + w), 1) / (scale * w) ** 2
    return value, (0, max(u / w, twice, far * large[0])), (bend, max(thrice, (u / w) ** 2, far * large[1]))


TAILS = [(exceedances, {})]
