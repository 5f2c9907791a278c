"""Kullback-Leibler divergence, from its definition, with 0 log 0 = 0.

A target and a prediction that nearly agree and sum to 1 up to rounding are the distributions that they are rounded of.
"""

import numpy as np
from oracles.cross_entropy import log_softmax


def terms(pred, target, log_target, from_logits):
    logs = log_softmax(pred) if from_logits else pred
    q = np.exp(target) if log_target else target
    log_q = target if log_target else np.log(np.where(q == 0, 1.0, q))
    return np.where(q == 0, 0.0, q * log_q), np.where(q == 0, 0.0, q * logs)


def value(pred, target, *, log_target=False, from_logits=False):
    # sums that are near 1 are subtracted from it: in float64 that leaves fewer digits than are asked for
    pred, target = np.asarray(pred, np.longdouble), np.asarray(target, np.longdouble)
    entropy, cross = terms(pred, target, log_target, from_logits)
    plain = (entropy - cross).sum(axis=1)
    q, p = (total(np.exp(target) if log_target else target), 1.0 if from_logits else total(np.exp(pred)))
    near = (plain < 1 / 32) & (abs(q - 1) < 2e-6) & (abs(p - 1) < 2e-6)
    return np.where(near, plain / q - np.log(q) + np.log(p), plain)


def total(powers):
    return powers.sum(axis=1)


def size(pred, target, *, log_target=False, from_logits=False):
    """What the two sums that are subtracted amount to; logits are subtracted from each other before."""
    entropy, cross = terms(pred, target, log_target, from_logits)
    return np.abs(entropy).sum(axis=1) + np.abs(cross).sum(axis=1) + (np.abs(pred).max(axis=1) if from_logits else 0.0)
