"""The cross-entropy of XE-NDCG, list by list: gains, less what was drawn, over their sum."""

import numpy as np
from oracles.listnet import count as every
from oracles.listnet import lists, softmax


def one(s, t, gamma):
    if not len(s):
        return 0.0
    gain = 2.0**t - gamma
    gain = gain if gain.any() else np.ones(len(s))
    return -np.sum(gain / gain.sum() * np.log(softmax(s)))


def value(pred, target, *, groups=None, gamma=0.5):
    gamma = np.broadcast_to(gamma, pred.shape)
    return np.array([one(*rows) for rows in lists(groups, pred, target, gamma)])


def count(pred, target, *, groups=None, gamma=0.5):
    return every(pred, target, groups=groups)
