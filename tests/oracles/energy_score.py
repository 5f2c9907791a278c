"""The energy score from its definition."""

import numpy as np


def parts(pred, target, estimator, alpha):
    errors = np.sqrt(((pred - target[..., None, :]) ** 2).sum(axis=-1)).mean(axis=-1)
    apart = np.sqrt(((pred[..., :, None, :] - pred[..., None, :, :]) ** 2).sum(axis=-1)).mean(axis=(-1, -2))
    members = pred.shape[-2]
    share = {"ecdf": 0.0, "fair": 1.0, "almost fair": alpha}[estimator]
    return errors, apart / 2.0 * (1.0 - share + (share * members / (members - 1.0) if share else 0.0))


def value(pred, target, *, estimator="ecdf", alpha=0.95):
    errors, spread = parts(pred, target, estimator, alpha)
    return errors - spread


def size(pred, target, *, estimator="ecdf", alpha=0.95):
    return np.maximum(1.0, sum(parts(pred, target, estimator, alpha)))
