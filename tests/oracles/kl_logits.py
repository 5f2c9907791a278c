"""Kullback-Leibler divergences of two sets of logits, from their definition."""

import numpy as np
from oracles.cross_entropy import log_softmax


def value(pred, target, *, direction="forward", temperature=1.0):
    p, q = (log_softmax(np.asarray(x, np.longdouble) / temperature) for x in (target, pred))
    forward, reverse = (np.exp(p) * (p - q)).sum(axis=1), (np.exp(q) * (q - p)).sum(axis=1)
    return {"forward": forward, "reverse": reverse, "jeffreys": forward + reverse}[direction]


def size(pred, target, *, temperature=1.0, **options):
    """Logits are subtracted from each other."""
    return (np.abs(pred).max(axis=1, initial=0.0) + np.abs(target).max(axis=1, initial=0.0)) / temperature
