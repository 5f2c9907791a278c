"""Rates that are constant over intervals of time, from their definition."""

import numpy as np
from oracles.logistic_hazard import reached
from oracles.logistic_hazard import size as size_of_hazards


def value(pred, target, event, fraction):
    at, event, fraction = (reached(pred, target), *(np.asarray(a, np.float64)[..., None] for a in (event, fraction)))
    rate = np.logaddexp(0.0, pred)
    own = np.where(at == 0, fraction * rate - np.where(event == 1, np.log(rate), 0.0), 0.0)
    return (np.where(at < 0, rate, 0.0) + own).sum(axis=-1)


def size(pred, target, event, fraction):
    return size_of_hazards(pred, target, event)
