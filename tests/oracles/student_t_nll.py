"""Negative log-likelihood of a Student t distribution, from its definition."""

import mpmath as mp
import numpy as np
from points import spreads


def constant(df):
    df = mp.mpf(df)
    return mp.loggamma(df / 2) - mp.loggamma((df + 1) / 2) + mp.log(mp.pi * df) / 2


def value(pred, target, scale, *, df=4.0, full=False, eps=1e-6):
    b = np.maximum(scale, eps)
    z = (pred - np.asarray(target, dtype=np.float64)) / b
    return np.log(b) + (df + 1) / 2 * np.log1p(z**2 / df) + (float(constant(df)) if full else 0.0)


def size(pred, target, scale, *, df=4.0, full=False, eps=1e-6):
    return np.maximum(1.0, np.abs(value(pred, target, scale, df=df, eps=eps)) + np.abs(np.log(np.maximum(scale, eps))))


def exact(pred, target, scale, *, df=4, full=False, eps):
    b, r = max(scale, eps), pred - target
    square = (r / b) ** 2 / df
    value = mp.log(b) + (df + 1) * mp.log1p(square) / 2 + (constant(df) if full else 0)
    weight = 1 / (1 + square)
    lack = (df + 1) * square * weight
    slopes = (df + 1) * r * weight / (df * b**2), (1 - lack) / b
    bend = (lack * (1 + 2 * weight) - 1) / b**2
    return value, slopes, ((df + 1) * (1 - square) * weight**2 / (df * b**2), bend)


def scale(pred, target, scale, *, df=4, full=False, eps):
    """The largest term where terms cancel: everything but the slope in the prediction."""
    b = max(scale, eps)
    square = ((pred - target) / b) ** 2 / df
    weight = 1 / (1 + square)
    lack = (df + 1) * square * weight
    # of the constant, two logarithms of gamma cancel, as far as they are small
    constants = [min(10, abs(mp.loggamma(x))) for x in (mp.mpf(df) / 2, (mp.mpf(df) + 1) / 2)] + [constant(df)]
    value = max([abs(mp.log(b)), (df + 1) * mp.log1p(square) / 2, *(constants if full else [])])
    curvature = (df + 1) * max(1, square) * weight**2 / (df * b**2)
    return value, (0, max(1, lack) / b), (curvature, max(1, lack * (1 + 2 * weight)) / b**2)


TAILS = [
    (spreads, {"eps": 1e-9}),
    (spreads, {"eps": 1e-9, "df": 2.5, "full": True}),
    (spreads, {"eps": 1e-9, "df": 13.5, "full": True}),
    (spreads, {"eps": 1e-9, "df": 1e6, "full": True}),
]
