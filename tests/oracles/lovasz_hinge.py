"""Lovasz hinge: the Jaccard loss of the first k wrong pixels, by counting, times what errors fall by."""

import math

import numpy as np


def value(pred, target, *, per_sample=True):
    margins = np.where(target > 0, 1.0 - pred, 1.0 + pred)
    if not per_sample:
        margins, target = (np.moveaxis(a, 1, 0).reshape(1, a.shape[1], a[:, 0].size) for a in (margins, target))
    margins, target = (a.reshape(*a.shape[:2], math.prod(a.shape[2:])) for a in (margins, target))
    found = [[extension(m, t) for m, t in zip(*pair, strict=True)] for pair in zip(margins, target, strict=True)]
    return np.array(found, dtype=float).reshape(pred.shape[:2] if per_sample else pred.shape[1:2])


def extension(errors, members):
    """The sum of positive errors times what the Jaccard loss of the wrong ones grows by, the largest error first."""
    order = np.argsort(-errors, kind="stable")
    wrong = members[order].astype(np.longdouble)  # differences of nearly equal losses
    missed = wrong.sum() - np.cumsum(wrong)
    union = wrong.sum() + np.cumsum(1.0 - wrong)
    losses = np.concatenate([[0.0], 1.0 - missed / union])
    return float((np.maximum(errors[order], 0.0) * np.diff(losses)).sum())
