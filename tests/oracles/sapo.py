"""Soft adaptive policy optimisation, from its definition."""

import mpmath as mp
import numpy as np
from points import gated_steps


def value(log_prob, old_log_prob, advantage, *, temperature=1.0, temperature_negative=1.05):
    ratio = np.exp(log_prob - np.asarray(old_log_prob, dtype=np.float64))
    t = np.where(advantage > 0, temperature, temperature_negative)
    return -advantage * 4 / t * np.exp(-np.logaddexp(0, -t * (ratio - 1)))


def parts(log_prob, old_log_prob, advantage, temperature, temperature_negative):
    ratio = mp.exp(log_prob - old_log_prob)
    t = temperature if advantage > 0 else temperature_negative
    x = t * mp.expm1(log_prob - old_log_prob)
    # far out mpmath would write down all digits of the exponent
    power = mp.exp(-abs(x)) if abs(x) < 10000 else mp.mpf(0)
    p, q = (1 / (1 + power), power / (1 + power)) if x > 0 else (power / (1 + power), 1 / (1 + power))
    return ratio, t, x, p, q, -4 * advantage * p * q * ratio


def exact(log_prob, old_log_prob, advantage, *, temperature=1.0, temperature_negative=1.05):
    ratio, t, _, p, q, slope = parts(log_prob, old_log_prob, advantage, temperature, temperature_negative)
    return -4 * advantage / t * p, slope, slope * (1 + t * ratio * (q - p))


def scale(log_prob, old_log_prob, advantage, *, temperature=1.0, temperature_negative=1.05):
    """A power is known to the digits of its exponent, and the curvature to those of its terms."""
    ratio, t, x, p, q, slope = parts(log_prob, old_log_prob, advantage, temperature, temperature_negative)
    size = max(1, abs(x))
    return 4 * advantage / t * p * max(1, q * abs(x)), slope * size, slope * size * max(1, t * ratio)


TAILS = [(gated_steps, {})]
