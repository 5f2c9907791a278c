"""Negative log-likelihood of ordered classes, from its definition as a difference of two probabilities."""

import mpmath as mp
import numpy as np
from points import graded


def value(pred, target, *, thresholds):
    ends = np.array([-np.inf, *thresholds, np.inf])
    place = np.asarray(target).astype(int)
    upper, lower = ends[place + 1] - pred, ends[place] - pred
    # the same difference from the side where both are small
    far = np.where(lower > 0.0, -1.0, 1.0)
    one, other = np.where(lower > 0.0, lower, upper), np.where(lower > 0.0, upper, lower)
    return -np.log(1.0 / (1.0 + np.exp(-far * one)) - 1.0 / (1.0 + np.exp(-far * other)))


def beyond(pred, target, thresholds):
    """How far the score lies above the upper end of the target's class, and below its lower end."""
    ends = [-mp.inf, *thresholds, mp.inf]
    return pred - ends[int(target) + 1], ends[int(target)] - pred


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def exact(pred, target, *, thresholds):
    """p = s(a) - s(b) = s(a) s(-b) (1 - e^(b - a)), which is not 0 however far out the score lies."""
    above, below = beyond(pred, target, thresholds)
    value = mp.log(1 + mp.exp(above)) + mp.log(1 + mp.exp(below)) - mp.log(1 - mp.exp(above + below))
    over, under = sigmoid(above), sigmoid(below)
    return value, over - under, over * (1 - over) + under * (1 - under)


def scale(pred, target, *, thresholds):
    """The slope is a difference."""
    return 0, max(sigmoid(x) for x in beyond(pred, target, thresholds)), 0


TAILS = [
    (graded, {"thresholds": (-1.5, 0.25, 2.0)}),
    (graded, {"thresholds": (8.5, 8.5009765625, 80.0)}),
]
