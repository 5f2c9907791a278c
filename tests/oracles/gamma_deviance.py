"""Half of the deviance of a gamma distribution without what depends on the target alone, from its definition."""

import mpmath as mp
import numpy as np
from points import amounts


def value(pred, target):
    return pred + np.asarray(target, dtype=np.float64) * np.exp(-pred)


def size(pred, target):
    return np.maximum(1.0, np.asarray(target, dtype=np.float64) * np.exp(-pred))


def exact(pred, target):
    ratio = target * mp.exp(-pred)
    return pred + ratio, 1 - ratio, ratio


def scale(pred, target):
    """The larger term where terms cancel: value and slope."""
    ratio = target * mp.exp(-pred)
    return max(abs(pred), ratio), max(1, ratio), 0


TAILS = [(amounts, {})]
