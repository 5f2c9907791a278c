"""The scale-invariant ratio of a signal to its distortion, in decibels, from its definition."""

import numpy as np


def value(pred, target, *, zero_mean=False, eps=1e-8):
    if zero_mean:
        pred, target = (each - each.mean(axis=-1, keepdims=True) for each in (pred, target))
    share = (pred * target).sum(axis=-1, keepdims=True) / ((target**2).sum(axis=-1, keepdims=True) + eps)
    kept, rest = share * target, pred - share * target
    return -10.0 * np.log10((kept**2).sum(axis=-1) / ((rest**2).sum(axis=-1) + eps) + eps)


def size(pred, target, *, zero_mean=False, eps=1e-8):
    """What the logarithm makes of the rounding of a product of signals, whose terms cancel."""
    if zero_mean:
        pred, target = (each - each.mean(axis=-1, keepdims=True) for each in (pred, target))
    terms = pred * target
    return 1.0 + 10.0 * abs(terms).sum(axis=-1) / np.maximum(abs(terms.sum(axis=-1)), eps)
