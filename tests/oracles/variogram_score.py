"""The variogram score from its definition."""

import numpy as np


def parts(pred, target, p):
    seen = abs(target[..., :, None] - target[..., None, :]) ** p
    return seen, (abs(pred[..., :, None] - pred[..., None, :]) ** p).mean(axis=-3)


def value(pred, target, *, p=0.5, pair_weight=None):
    seen, told = parts(pred, target, p)
    return ((1.0 if pair_weight is None else pair_weight) * (seen - told) ** 2).sum(axis=(-1, -2))


def size(pred, target, *, p=0.5, pair_weight=None):
    """Squares of what is taken off each other."""
    seen, told = parts(pred, target, p)
    terms = (1.0 if pair_weight is None else pair_weight) * np.maximum(seen, told) * abs(seen - told)
    return np.maximum(1.0, terms.sum(axis=(-1, -2)))
