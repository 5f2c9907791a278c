"""Clipped surrogate of proximal policy optimisation, from its definition."""

import mpmath as mp
import numpy as np


def value(log_prob, old_log_prob, advantage, *, epsilon=0.2):
    ratio = np.exp(log_prob - np.asarray(old_log_prob, dtype=np.float64))
    return -np.minimum(ratio * advantage, np.clip(ratio, 1 - epsilon, 1 + epsilon) * advantage)


def exact(log_prob, old_log_prob, advantage, *, epsilon=0.2):
    ratio = mp.exp(log_prob - old_log_prob)
    end = 1 + epsilon if advantage > 0 else 1 - epsilon
    if ratio > end if advantage > 0 else ratio < end:
        return -advantage * end, 0, 0
    return -advantage * ratio, -advantage * ratio, -advantage * ratio
