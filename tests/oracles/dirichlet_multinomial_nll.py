"""Counts of classes whose probabilities have a Dirichlet distribution, from their probability."""

import numpy as np
from oracles.dirichlet_nll import lgamma


def terms(pred, target, full):
    a, x = np.exp(np.asarray(pred, np.float64)), np.asarray(target, np.float64)
    whole, n = a.sum(axis=-1), x.sum(axis=-1)
    found = [lgamma(whole + n), -lgamma(whole), *np.moveaxis(lgamma(a) - lgamma(a + x), -1, 0)]
    return [*found, *np.moveaxis(lgamma(x + 1.0), -1, 0), -lgamma(n + 1.0)] if full else found


def value(pred, target, *, full=True):
    return np.stack(terms(pred, target, full)).sum(axis=0, dtype=np.longdouble).astype(np.float64)


def size(pred, target, *, full=True):
    return 1.0 + sum(map(abs, terms(pred, target, full)))
