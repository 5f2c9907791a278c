"""Bellman error, squared or in Huber's form, from its definition."""

import numpy as np


def value(q, action, reward, next_q, done, *, discount=0.99, next_action=None, delta=None):
    rows = np.arange(len(q))
    following = next_q.max(axis=1) if next_action is None else next_q[rows, next_action]
    error = q[rows, action] - reward - np.where(done == 1, 0.0, discount * (1 - done) * following)
    if delta is None:
        return error**2
    size = np.abs(error)
    return np.where(size <= delta, size**2 / 2, delta * (size - delta / 2))
