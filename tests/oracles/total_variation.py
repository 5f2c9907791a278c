"""Total variation distance of two sets of logits, from its definition."""

import numpy as np
from oracles.cross_entropy import log_softmax


def value(pred, target, *, temperature=1.0):
    p, q = (np.exp(log_softmax(np.asarray(x, np.longdouble) / temperature)) for x in (target, pred))
    return np.abs(p - q).sum(axis=1) / 2.0


def size(pred, target, *, temperature=1.0, **options):
    """Logits are subtracted from each other."""
    return 1.0 + (np.abs(pred).max(axis=1, initial=0.0) + np.abs(target).max(axis=1, initial=0.0)) / temperature
