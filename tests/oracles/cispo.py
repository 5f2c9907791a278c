"""Policy gradient weighted by a clipped ratio, from its definition: the ratio is a constant of the gradient."""

import mpmath as mp
import numpy as np
from points import weighted_steps


def value(log_prob, old_log_prob, advantage, *, epsilon_high=4.0, epsilon_low=1.0):
    ratio = np.exp(log_prob - np.asarray(old_log_prob, dtype=np.float64))
    return -np.clip(ratio, 1 - epsilon_low, 1 + epsilon_high) * advantage * log_prob


def exact(log_prob, old_log_prob, advantage, *, epsilon_high=4.0, epsilon_low=1.0):
    share = min(max(mp.exp(log_prob - old_log_prob), 1 - epsilon_low), 1 + epsilon_high)
    return -share * advantage * log_prob, -share * advantage, 0


TAILS = [
    (weighted_steps, {}),
    (weighted_steps, {"epsilon_low": 0.25, "epsilon_high": 0.25}),
]
