"""Half of a Tweedie deviance without what depends on the target alone, from its definition."""

import mpmath as mp
import numpy as np
from points import counts


def value(pred, target, *, power=1.5):
    t = np.asarray(target, dtype=np.float64)
    return np.exp((2 - power) * pred) / (2 - power) - t * np.exp((1 - power) * pred) / (1 - power)


def size(pred, target, *, power=1.5):
    return np.maximum(1.0, value(pred, target, power=power))


def exact(pred, target, *, power=1.5):
    rise, fall = mp.exp((2 - power) * pred), target * mp.exp((1 - power) * pred)
    return rise / (2 - power) + fall / (power - 1), rise - fall, (2 - power) * rise + (power - 1) * fall


def scale(pred, target, *, power=1.5):
    """The larger term of the slope."""
    return 0, max(mp.exp((2 - power) * pred), target * mp.exp((1 - power) * pred)), 0


TAILS = [
    (counts, {"power": 1.5}),
    (counts, {"power": 1.1}),
    (counts, {"power": 1.0 + 1e-9}),
    (counts, {"power": 2.0 - 1e-9}),
]
