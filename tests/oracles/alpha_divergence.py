"""Alpha divergence of two sets of logits, from its definition."""

import numpy as np
from oracles import kl_logits
from oracles.cross_entropy import log_softmax


def value(pred, target, *, alpha=0.5, temperature=1.0):
    if alpha in (0.0, 1.0):
        return kl_logits.value(pred, target, direction=("reverse", "forward")[int(alpha)], temperature=temperature)
    p, q = (log_softmax(np.asarray(x, np.longdouble) / temperature) for x in (target, pred))
    return (1.0 - np.exp(alpha * p + (1.0 - alpha) * q).sum(axis=1)) / (alpha * (1.0 - alpha))


def size(pred, target, *, temperature=1.0, **options):
    """Logits are subtracted from each other."""
    return 1.0 + (np.abs(pred).max(axis=1, initial=0.0) + np.abs(target).max(axis=1, initial=0.0)) / temperature
