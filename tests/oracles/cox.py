"""Cox's partial likelihood, from its definition: each event against all that were at risk."""

import numpy as np
from oracles.listnet import lists


def one(s, time, event, ties):
    total = 0.0
    for when in np.unique(time[event == 1]):
        tied = s[(time == when) & (event == 1)]
        risk, among = np.exp(s[time >= when]).sum(), np.exp(tied).sum()
        for k, score in enumerate(tied):
            total += np.log(risk - (k / len(tied) * among if ties == "efron" else 0.0)) - score
    return total


def value(pred, time, event, *, groups=None, ties="breslow"):
    return np.array([one(*rows, ties) for rows in lists(groups, pred, time, event)])


def count(pred, time, event, *, groups=None, ties="breslow"):
    """A mean is over events."""
    return np.array([float(e.sum()) for (e,) in lists(groups, event)])


def size(pred, time, event, *, groups=None, ties="breslow"):
    """A value is a sum of logarithms around 1 or larger."""
    return 1.0 + count(pred, time, event, groups=groups)
