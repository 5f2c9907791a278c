"""ApproxNDCG, from its definition: ranks are sums of sigmoids over all pairs of a list."""

import numpy as np
from oracles.listnet import count as every
from oracles.listnet import lists


def one(s, t, temperature):
    gain = 2.0**t - 1.0
    if not gain.any():
        return 0.0
    best = np.sum(np.sort(gain)[::-1] / np.log2(1.0 + np.arange(1, len(s) + 1)))
    above = 0.5 + 0.5 * np.tanh((s - s[:, None]) / (2.0 * temperature))
    rank = 0.5 + above.sum(axis=1)
    return -np.sum(gain / np.log2(1.0 + rank)) / best


def value(pred, target, *, groups=None, temperature=0.1):
    return np.array([one(s, t, temperature) for s, t in lists(groups, pred, target)])


def count(pred, target, *, groups=None, temperature=0.1):
    return every(pred, target, groups=groups)
