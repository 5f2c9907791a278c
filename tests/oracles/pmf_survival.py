"""A distribution over intervals of time and what comes after, from its definition."""

import numpy as np
from oracles.logistic_hazard import reached


def value(pred, target, event):
    logits = np.concatenate([pred, np.zeros((*pred.shape[:-1], 1))], axis=-1).astype(np.float64)
    at = reached(logits, target)
    mine = np.where(np.asarray(event)[..., None] == 1, at == 0, at > 0)
    every = np.logaddexp.reduce(logits, axis=-1)
    return every - np.logaddexp.reduce(np.where(mine, logits, -np.inf), axis=-1)


def size(pred, target, event):
    return 1.0 + abs(pred).max(axis=-1, initial=0.0)
