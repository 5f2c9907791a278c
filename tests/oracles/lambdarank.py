"""LambdaRank, from its definition: all pairs of a list, with what an exchange of the two changes of the NDCG."""

import numpy as np
from oracles.listnet import count as every
from oracles.listnet import lists


def one(s, t, k, sigma):
    if not len(s):
        return 0.0
    ranks = np.empty(len(s), int)
    ranks[np.argsort(-s, kind="stable")] = np.arange(1, len(s) + 1)
    k = len(s) if k is None else k
    gain, discount = 2.0**t - 1.0, 1.0 / np.log2(1.0 + ranks)
    best = np.sum(np.sort(gain)[::-1][:k] / np.log2(1.0 + np.arange(1, len(s) + 1))[:k])
    if best == 0.0:
        return 0.0
    delta = np.abs(gain[:, None] - gain) * np.abs(discount[:, None] - discount) / best
    counts = (t[:, None] > t) & (np.minimum(ranks[:, None], ranks) <= k)
    loss = np.logaddexp(0.0, -sigma * (s[:, None] - s))
    return np.sum(np.where(counts, delta * loss, 0.0))


def value(pred, target, *, groups=None, k=None, sigma=1.0):
    return np.array([one(s, t, k, sigma) for s, t in lists(groups, pred, target)])


def count(pred, target, *, groups=None, k=None, sigma=1.0):
    return every(pred, target, groups=groups)
