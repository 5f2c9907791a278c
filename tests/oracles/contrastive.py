"""Contrastive loss of pairs, from its definition."""

import numpy as np


def value(first, second, same, *, margin=1.0):
    distance = np.sqrt(((first - second) ** 2).sum(axis=-1))
    return same * distance**2 + (1 - same) * np.maximum(0, margin - distance) ** 2
