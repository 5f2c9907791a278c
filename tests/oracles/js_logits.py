"""Generalised Jensen-Shannon divergence of two sets of logits, from its definition."""

import numpy as np
from oracles.cross_entropy import log_softmax


def value(pred, target, *, beta=0.5, temperature=1.0):
    p, q = (np.exp(log_softmax(np.asarray(x, np.longdouble) / temperature)) for x in (target, pred))
    mixture = beta * p + (1.0 - beta) * q
    return (beta * p * np.log(p / mixture) + (1.0 - beta) * q * np.log(q / mixture)).sum(axis=1)


def size(pred, target, *, temperature=1.0, **options):
    """Logits are subtracted from each other."""
    return 1.0 + (np.abs(pred).max(axis=1, initial=0.0) + np.abs(target).max(axis=1, initial=0.0)) / temperature
