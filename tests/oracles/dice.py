"""Dice loss, from its definition; samples and classes come first, every further axis is pixels."""

import numpy as np
from oracles.cross_entropy import log_softmax, one_hot


def value(pred, target, *, activation="sigmoid", smooth=1.0, per_sample=True, ignore_index=None):
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
    both, sizes = (p * t).sum(axis=axes), (p + t).sum(axis=axes)
    with np.errstate(invalid="ignore"):
        return np.where(sizes + smooth == 0, 0.0, 1 - (2 * both + smooth) / (sizes + smooth))
