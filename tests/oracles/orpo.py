"""Odds-ratio preference optimisation, from its definition."""

import mpmath as mp
import numpy as np
from oracles.nca import sigmoids
from points import likelihoods


def value(chosen, rejected, *, beta=0.1, alpha=1.0):
    with np.errstate(divide="ignore"):
        odds = (chosen - rejected) - (np.log(-np.expm1(chosen)) - np.log(-np.expm1(rejected)))
    return beta * np.logaddexp(0, -odds) - alpha * chosen


def parts(chosen, rejected):
    kept, lost = -mp.expm1(chosen), -mp.expm1(rejected)
    p, q = sigmoids((chosen - rejected) - (mp.log(kept) - mp.log(lost)))
    return kept, lost, p, q


def exact(chosen, rejected, *, beta=0.1, alpha=1.0):
    kept, lost, p, q = parts(chosen, rejected)
    slope, other = -beta * q / kept - alpha, beta * q / lost
    bends = beta * q / kept * (1 - q / kept), beta * q / lost**2 * (p + mp.exp(rejected))
    return -beta * mp.log(p) - alpha * chosen, (slope, other), bends


def scale(chosen, rejected, *, beta=0.1, alpha=1.0):
    """The larger part of the curvature by what was chosen."""
    kept, _, _, q = parts(chosen, rejected)
    return 0, (0, 0), (beta * q / kept * max(1, q / kept), 0)


TAILS = [
    (likelihoods, {}),
    (likelihoods, {"beta": 1.0, "alpha": 0.0}),
]
