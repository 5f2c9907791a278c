"""Cosine loss of pairs, from its definition."""

import numpy as np


def value(first, second, same, *, margin=0.0):
    lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
    cosine = (first * second).sum(axis=-1) / np.where(lengths > 0, lengths, 1)
    return np.where(np.asarray(same) > 0, 1 - cosine, np.maximum(0, cosine - margin))
