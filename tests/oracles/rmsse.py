"""Root mean squared error of a series in a scale, from its definition."""

import numpy as np


def value(pred, target, scale):
    return np.sqrt(((pred - target) ** 2).mean(axis=-1)) / scale
