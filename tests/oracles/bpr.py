"""Bayesian personalised ranking, from its definition."""

import mpmath as mp
import numpy as np
from points import residuals


def value(positive, negative):
    return np.logaddexp(0, negative - positive)


def exact(positive, negative):
    p, q = 1 / (1 + mp.exp(negative - positive)), 1 / (1 + mp.exp(positive - negative))
    return -mp.log(p), (-q, q), (p * q, p * q)


TAILS = [(residuals, {})]
