"""Noise-contrastive alignment of pairs, from its definition."""

import mpmath as mp
import numpy as np
from points import preferences


def value(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1):
    r, s = beta * (chosen - reference_chosen), beta * (rejected - reference_rejected)
    return np.logaddexp(0, -r) + 0.5 * np.logaddexp(0, r) + 0.5 * np.logaddexp(0, s)


def sigmoids(x):
    """Those of x and -x."""
    return 1 / (1 + mp.exp(-x)), 1 / (1 + mp.exp(x))


def exact(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1):
    p, q = sigmoids(beta * (chosen - reference_chosen))
    u, v = sigmoids(beta * (rejected - reference_rejected))
    value = -mp.log(p) - mp.log(q) / 2 - mp.log(v) / 2
    return value, (beta * (p / 2 - q), beta * u / 2), (1.5 * beta**2 * p * q, beta**2 * u * v / 2)


def scale(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1):
    """The larger of the pulls of what was chosen in both directions."""
    p, q = sigmoids(beta * (chosen - reference_chosen))
    return 0, (beta * max(p / 2, q), 0), (0, 0)


TAILS = [
    (preferences, {"beta": 0.1}),
    (preferences, {"beta": 1.0}),
]
