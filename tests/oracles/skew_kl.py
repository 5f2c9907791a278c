"""Skewed Kullback-Leibler divergence of two sets of logits, from its definition."""

import numpy as np
from oracles.cross_entropy import log_softmax


def value(pred, target, *, direction="forward", alpha=0.1, temperature=1.0):
    p, q = (np.exp(log_softmax(np.asarray(x, np.longdouble) / temperature)) for x in (target, pred))
    one, other = (p, q) if direction == "forward" else (q, p)
    mixture = alpha * one + (1.0 - alpha) * other
    return (one * np.log(one / mixture)).sum(axis=1)


def size(pred, target, *, temperature=1.0, **options):
    """Logits are subtracted from each other."""
    return 1.0 + (np.abs(pred).max(axis=1, initial=0.0) + np.abs(target).max(axis=1, initial=0.0)) / temperature
