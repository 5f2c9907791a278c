"""Likelihood of a normal distribution weighted by a power of its variance: the factor is a constant of the gradient."""

import numpy as np
from oracles import gaussian_nll
from points import spreads


def value(pred, target, var, *, beta=0.5, full=False, eps=1e-6):
    plain = gaussian_nll.value(pred, target, var, full=full, eps=eps)
    return np.maximum(np.asarray(var, dtype=np.float64), eps) ** beta * plain


def size(pred, target, var, *, beta=0.5, full=False, eps=1e-6):
    v = np.maximum(np.asarray(var, dtype=np.float64), eps)
    return np.maximum(1.0, v**beta * (np.abs(np.log(v)) + (pred - target) ** 2 / v))


def times(factor, parts):
    value, slopes, curvatures = parts
    return factor * value, tuple(factor * x for x in slopes), tuple(factor * x for x in curvatures)


def exact(pred, target, var, *, beta, full=False, eps):
    return times(max(var, eps) ** beta, gaussian_nll.exact(pred, target, var, full=full, eps=eps))


def scale(pred, target, var, *, beta, full=False, eps):
    return times(max(var, eps) ** beta, gaussian_nll.scale(pred, target, var, full=full, eps=eps))


TAILS = [(spreads, {"eps": 1e-9, "beta": 0.5})]
