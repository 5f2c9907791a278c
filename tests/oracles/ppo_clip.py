"""Clipped surrogate of proximal policy optimisation, from its definition."""

import mpmath as mp
import numpy as np
from points import steps_of_policies


def value(log_prob, old_log_prob, advantage, *, epsilon=0.2, epsilon_high=None, dual_clip=None):
    ratio = np.exp(log_prob - np.asarray(old_log_prob, dtype=np.float64))
    high = epsilon if epsilon_high is None else epsilon_high
    gain = np.minimum(ratio * advantage, np.clip(ratio, 1 - epsilon, 1 + high) * advantage)
    if dual_clip is not None:
        gain = np.where(advantage < 0, np.maximum(gain, dual_clip * advantage), gain)
    return -gain


def exact(log_prob, old_log_prob, advantage, *, epsilon=0.2, epsilon_high=None, dual_clip=None):
    ratio = mp.exp(log_prob - old_log_prob)
    high = epsilon if epsilon_high is None else epsilon_high
    end = 1 + high if advantage > 0 else 1 - epsilon
    if ratio > end if advantage > 0 else ratio < end:
        return -advantage * end, 0, 0
    if dual_clip is not None and advantage <= 0 and ratio > dual_clip:
        return -advantage * dual_clip, 0, 0
    return -advantage * ratio, -advantage * ratio, -advantage * ratio


TAILS = [
    (steps_of_policies, {"epsilon": 0.2}),
    (steps_of_policies, {"epsilon": 0.2, "epsilon_high": 0.28, "dual_clip": 3.0}),
]
