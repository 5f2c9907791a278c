"""The loss of several quantiles from its definition."""

import numpy as np


def value(pred, target, *, levels=None, crossing=0.0, margin=0.0, doubled=False):
    count = pred.shape[-1]
    levels = (np.arange(count) + 0.5) / count if levels is None else np.asarray(levels, np.float64)
    u = target[..., None] - pred
    mean = np.maximum(levels * u, (levels - 1.0) * u).mean(axis=-1)
    apart = np.maximum(0.0, margin + pred[..., :-1] - pred[..., 1:])
    cost = apart.mean(axis=-1) if count > 1 else 0.0
    return (2.0 if doubled else 1.0) * mean + (crossing * cost if crossing else 0.0)


def size(pred, target, **options):
    return np.maximum(1.0, value(pred, target, **options))
