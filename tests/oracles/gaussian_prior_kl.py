"""Divergence of a normal distribution from the standard one, from its closed form."""

import mpmath as mp
import numpy as np
from points import normals


def value(mean, log_var, *, free_bits=0.0):
    return np.maximum(free_bits, (np.expm1(log_var) - log_var + mean * mean) / 2)


def size(mean, log_var, *, free_bits=0.0):
    """The larger term of the variances."""
    return 1.0 + np.exp(log_var) + np.abs(log_var) + mean * mean


def exact(mean, log_var, *, free_bits=0):
    more = mp.expm1(log_var)
    value = (more - log_var + mean**2) / 2
    if value < free_bits:
        return free_bits, (0, 0), (0, 0)
    return value, (mean, more / 2), (1, mp.exp(log_var) / 2)


TAILS = [
    (normals, {}),
    (normals, {"free_bits": 0.5}),
]
