"""A Dirichlet distribution, from its density."""

import math

import numpy as np

lgamma = np.vectorize(math.lgamma, otypes=[float])


def value(pred, target):
    a, y = np.exp(np.asarray(pred, np.float64)), np.asarray(target, np.float64)
    return (lgamma(a) - (a - 1.0) * np.log(y)).sum(axis=-1) - lgamma(a.sum(axis=-1))


def size(pred, target):
    a, y = np.exp(np.asarray(pred, np.float64)), np.asarray(target, np.float64)
    return 1.0 + (abs(lgamma(a)) + abs((a - 1.0) * np.log(y))).sum(axis=-1) + abs(lgamma(a.sum(axis=-1)))
