"""ListNet, from its definition, list by list."""

import itertools

import numpy as np


def lists(groups, *arrays):
    """The rows of each group."""
    ends = [0, len(arrays[0])] if groups is None else groups
    return [tuple(a[start:stop] for a in arrays) for start, stop in itertools.pairwise(ends)]


def softmax(x):
    return np.exp(x - x.max()) / np.exp(x - x.max()).sum()


def value(pred, target, *, groups=None):
    return np.array(
        [-np.sum(softmax(t) * np.log(softmax(s))) if len(s) else 0.0 for s, t in lists(groups, pred, target)]
    )


def count(pred, target, *, groups=None):
    """A list without rows counts nothing."""
    return np.array([float(len(s) > 0) for (s,) in lists(groups, pred)])
