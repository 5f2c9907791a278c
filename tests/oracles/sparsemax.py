"""Loss of the sparsemax, from its definition: the projection on the simplex by sorting."""

import numpy as np
from oracles.cross_entropy import count as count
from oracles.cross_entropy import one_hot


def projection(scores):
    """The distribution on axis 1 that is nearest to the scores."""
    ordered = -np.sort(-scores, axis=1)
    ranks = np.arange(1, scores.shape[1] + 1).reshape((1, -1) + (1,) * (scores.ndim - 2))
    thresholds = (np.cumsum(ordered, axis=1) - 1) / ranks
    last = np.sum(ordered > thresholds, axis=1, keepdims=True) - 1
    return np.maximum(0.0, scores - np.take_along_axis(thresholds, last, axis=1))


def value(pred, target, *, class_weight=None, ignore_index=-100):
    weight = count(pred, target, class_weight=class_weight, ignore_index=ignore_index)
    own = (one_hot(target, pred.shape[1]) * pred).sum(axis=1)
    p = projection(pred - pred.max(axis=1, keepdims=True, initial=-np.inf)) if pred.size else pred
    return weight * ((p * pred).sum(axis=1) - (p**2).sum(axis=1) / 2 + 0.5 - own)


def size(pred, target, **options):
    """Of the terms that cancel."""
    return 1.0 + np.abs(pred).max(axis=1, initial=0.0)
