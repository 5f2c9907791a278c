"""The score of an ensemble from its definition: what members are away from the target and from each other."""

import numpy as np


def parts(pred, target, estimator, alpha, member_weight, lower, upper):
    """Mean distances from the target, and half of those of pairs of members as the estimator divides them."""
    low, high = -np.inf if lower is None else lower, np.inf if upper is None else upper
    x, y = np.clip(pred, low, high), np.clip(target, low, high)
    weight = np.broadcast_to(1.0 if member_weight is None else member_weight, x.shape)
    weight = weight / weight.sum(axis=-1, keepdims=True)
    errors = (weight * abs(x - y[..., None])).sum(axis=-1)
    pairs = weight[..., :, None] * weight[..., None, :] * abs(x[..., :, None] - x[..., None, :])
    share = {"ecdf": 0.0, "fair": 1.0, "almost fair": alpha}[estimator]
    factor = 1.0 - share + (share / (1.0 - (weight**2).sum(axis=-1)) if share else 0.0)
    return errors, factor * pairs.sum(axis=(-1, -2)) / 2.0


def value(pred, target, *, estimator="ecdf", alpha=0.95, member_weight=None, lower=None, upper=None):
    errors, spread = parts(pred, target, estimator, alpha, member_weight, lower, upper)
    return errors - spread


def size(pred, target, *, estimator="ecdf", alpha=0.95, member_weight=None, lower=None, upper=None):
    return np.maximum(1.0, sum(parts(pred, target, estimator, alpha, member_weight, lower, upper)))
