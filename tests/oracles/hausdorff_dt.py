"""Errors of a region by their distances to its boundary, of all pairs of pixels."""

import numpy as np


def squares(region):
    """Of each pixel the squared distance to the nearest one on the other side, 0 if there is none."""
    places = np.stack(np.indices(region.shape), -1).reshape(-1, 2)
    apart = ((places[:, None] - places[None, :]) ** 2).sum(-1)
    side = region.ravel()
    if side.all() or not side.any():
        return np.zeros(region.shape)
    return np.where(side[:, None] != side, apart, np.inf).min(1).reshape(region.shape)


def value(pred, target, *, from_logits=True, alpha=2.0):
    p = 1.0 / (1.0 + np.exp(-pred)) if from_logits else pred
    found = np.zeros(pred.shape[:-2])
    for at in np.ndindex(found.shape):
        weight = sum(squares(x[at] > 0.5) ** (0.5 * alpha) for x in (p, target))
        found[at] = ((p[at] - target[at]) ** 2 * weight).mean()
    return found


def size(pred, target, *, from_logits=True, alpha=2.0):
    """That of the terms: p - t cancels where it is written so."""
    return 1.0 + value(pred, target, from_logits=from_logits, alpha=alpha)
