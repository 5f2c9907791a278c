"""Logistic loss of several labels, from its definition."""

import numpy as np
from oracles.cross_entropy import factors


def value(pred, target, *, class_weight=None):
    weight = factors(pred, None if class_weight is None else np.broadcast_to(class_weight, pred.shape[1:2]))
    terms = target * np.logaddexp(0, -pred) + (1 - target) * np.logaddexp(0, pred)
    return (weight * terms).sum(axis=1) / max(pred.shape[1], 1)
