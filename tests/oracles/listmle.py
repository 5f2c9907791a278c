"""ListMLE, from its definition: the likelihood of an order in which rows are drawn one after the other."""

import numpy as np
from oracles.listnet import count, lists  # noqa: F401 - what a list counts


def one(s, t):
    s = s[np.argsort(-t, kind="stable")]
    return sum(np.log(np.exp(s[i:] - s[i:].max()).sum()) + s[i:].max() - s[i] for i in range(len(s)))


def value(pred, target, *, groups=None):
    return np.array([one(s, t) for s, t in lists(groups, pred, target)], dtype=float)


def size(pred, target, *, groups=None):
    """A value is a sum of logarithms around 1 or larger."""
    return 1.0 + np.array([float(len(s)) for (s,) in lists(groups, pred)])
