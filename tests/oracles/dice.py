"""Dice loss, from its definition; samples and classes come first, every further axis is pixels."""

import numpy as np
from oracles.cross_entropy import log_softmax, one_hot


def regions(pred, target, activation="sigmoid", per_sample=True, ignore_index=None):
    """Sums of p t, of p and of t over each region."""
    p = {
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "softmax": lambda x: np.exp(log_softmax(x)),
        None: lambda x: x,
    }[activation](pred)
    labelled = target.ndim < pred.ndim
    t = one_hot(target, pred.shape[1]) if labelled else target
    if labelled and ignore_index is not None:
        p = np.where((target == ignore_index)[:, None], 0.0, p)
    axes = tuple(range(2, pred.ndim)) if per_sample else (0, *range(2, pred.ndim))
    return tuple(array.sum(axis=axes) for array in (p * t, p, t))


def lost(hit, size):
    """1 - hit / size, 0 for an empty region that is predicted empty."""
    with np.errstate(invalid="ignore"):
        return np.where(size == 0, 0.0, 1 - hit / size)


def value(pred, target, *, smooth=1.0, **options):
    both, claimed, wanted = regions(pred, target, **options)
    return lost(2 * both + smooth, claimed + wanted + smooth)
