"""Loss of the entmax of any order, from its definition: the threshold by bisection."""

import numpy as np
from oracles.cross_entropy import count as count
from oracles.cross_entropy import one_hot


def distribution(scores, alpha):
    """The distribution on axis 1 of scores of which the largest is 0."""
    power = 1.0 / (alpha - 1.0)
    steep = (alpha - 1.0) * scores
    # what is taken off 1: a number that keeps its digits where powers are high
    low, high = np.zeros_like(scores[:, :1]), np.ones_like(scores[:, :1])
    for _ in range(1100):
        middle = 0.5 * (low + high)
        much = shares(steep, middle, power).sum(axis=1, keepdims=True) > 1.0
        low, high = np.where(much, middle, low), np.where(much, high, middle)
        if (middle == low).all() and (0.5 * (low + high) == low).all():
            break
    return shares(steep, low, power)


def shares(steep, taken, power):
    with np.errstate(divide="ignore"):
        return np.exp(power * np.log1p(np.maximum(-1.0, steep - taken)))


def value(pred, target, *, alpha=1.5, class_weight=None, ignore_index=-100):
    weight = count(pred, target, class_weight=class_weight, ignore_index=ignore_index)
    if not pred.size:
        return weight
    top = pred.max(axis=1, keepdims=True)
    above = pred - top
    p = distribution(above, alpha)
    with np.errstate(divide="ignore", invalid="ignore"):
        # p - p^alpha
        terms = np.where(p > 0.0, -p * np.expm1((alpha - 1.0) * np.log(p)), 0.0)
    entropy = terms.sum(axis=1) / (alpha * (alpha - 1.0))
    own = np.where(one_hot(target, pred.shape[1]) == 1, above, 0.0).sum(axis=1)
    return weight * ((p * above).sum(axis=1) + entropy - own)
