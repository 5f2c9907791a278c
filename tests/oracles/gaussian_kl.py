"""Divergence of two normal distributions, from its closed form."""

import mpmath as mp
import numpy as np
from points import two_normals


def value(mean, log_var, other_mean, other_log_var, *, free_bits=0.0):
    x, d = log_var - other_log_var, mean - other_mean
    return np.maximum(free_bits, (np.expm1(x) - x + d * d * np.exp(-other_log_var)) / 2)


def size(mean, log_var, other_mean, other_log_var, *, free_bits=0.0):
    """The larger term of the variances."""
    x = log_var - other_log_var
    return 1.0 + np.exp(x) + np.abs(x) + (mean - other_mean) ** 2 * np.exp(-other_log_var)


def exact(mean, log_var, other_mean, other_log_var, *, free_bits=0):
    x, d, sure = log_var - other_log_var, mean - other_mean, mp.exp(-other_log_var)
    more, far = mp.expm1(x), d * d * sure
    value = (more - x + far) / 2
    if value < free_bits:
        return free_bits, (0, 0, 0, 0), (0, 0, 0, 0)
    slopes = d * sure, more / 2, -d * sure, -(more + far) / 2
    return value, slopes, (sure, mp.exp(x) / 2, sure, (mp.exp(x) + far) / 2)


def scale(mean, log_var, other_mean, other_log_var, *, free_bits=0):
    """The larger term of the slope by the other variance."""
    x, d = log_var - other_log_var, mean - other_mean
    far = d * d * mp.exp(-other_log_var)
    return 0, (0, 0, 0, max(abs(mp.expm1(x)), far) / 2), (0, 0, 0, 0)


TAILS = [
    (two_normals, {}),
    (two_normals, {"free_bits": 0.5}),
]
