"""The quantile Huber loss from its definition: all pairs of quantiles and samples."""

import numpy as np


def value(pred, target, *, taus=None, kappa=1.0):
    count = pred.shape[-1]
    taus = (np.arange(count) + 0.5) / count if taus is None else np.asarray(taus, np.float64)
    u = target[..., None, :] - pred[..., :, None]
    size = np.abs(u)
    huber = size if kappa == 0.0 else np.where(size <= kappa, u * u / 2.0, kappa * (size - kappa / 2.0)) / kappa
    return (np.abs(taus[..., None] - (u < 0.0)) * huber).mean(axis=-1).sum(axis=-1)


def size(pred, target, *, taus=None, kappa=1.0):
    return np.maximum(1.0, value(pred, target, taus=taus, kappa=kappa))
