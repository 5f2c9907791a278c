"""The ranked probability score from its definition: cumulated probabilities and where the label lies."""

import numpy as np


def value(pred, target, *, order=2.0, from_probabilities=False):
    p = pred
    if not from_probabilities:
        powers = np.exp(pred - pred.max(axis=-1, keepdims=True))
        p = powers / powers.sum(axis=-1, keepdims=True)
    reached = np.asarray(target)[..., None] <= np.arange(pred.shape[-1])
    return (np.abs(np.cumsum(p, axis=-1) - reached)[..., :-1] ** order).sum(axis=-1)


def size(pred, target, **options):
    """Of many classes the oracle adds up one after the other."""
    return np.maximum(1.0, value(pred, target, **options)) * (1.0 + pred.shape[-1] / 100.0)
