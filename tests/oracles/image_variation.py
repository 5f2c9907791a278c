"""Total variation of images, from its definition."""

import numpy as np


def value(pred, *, norm="isotropic"):
    right = np.diff(pred, axis=-1, append=pred[..., -1:])
    down = np.diff(pred, axis=-2, append=pred[..., -1:, :])
    steps = np.hypot(right, down) if norm == "isotropic" else abs(right) + abs(down)
    return steps.sum(axis=(-2, -1))
