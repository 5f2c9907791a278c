"""Soft dynamic time warping, cell by cell."""

import numpy as np


def apart(x, y, gamma):
    costs = ((x[..., :, None, :] - y[..., None, :, :]) ** 2).sum(axis=-1)
    steps, others = costs.shape[-2:]
    least = np.full((*costs.shape[:-2], steps + 1, others + 1), np.inf)
    least[..., 0, 0] = 0.0
    for i in range(steps):
        for j in range(others):
            ways = np.stack([least[..., i, j], least[..., i, j + 1], least[..., i + 1, j]])
            low = ways.min(axis=0)
            soft = low - gamma * np.log(np.exp((low - ways) / gamma).sum(axis=0))
            least[..., i + 1, j + 1] = costs[..., i, j] + soft
    return least[..., steps, others]


def value(pred, target, *, gamma=1.0, normalize=False, input_lengths=None, target_lengths=None):
    x, y = pred[..., :input_lengths, :], target[..., :target_lengths, :]
    loss = apart(x, y, gamma)
    return loss - (apart(x, x, gamma) + apart(y, y, gamma)) / 2.0 if normalize else loss


def size(pred, target, *, gamma=1.0, **options):
    """Of what is added up over the steps of an alignment."""
    return 1.0 + (pred**2).sum(axis=(-2, -1)) + (target**2).sum(axis=(-2, -1)) + gamma * pred.shape[-2]
