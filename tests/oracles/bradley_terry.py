"""Loss of a Bradley-Terry model, from its definition."""

import mpmath as mp
import numpy as np
from oracles.nca import sigmoids
from points import residuals


def value(chosen, rejected, *, beta=1.0, margin=None, label_smoothing=0.0, centring=0.0):
    lead = beta * (chosen - np.asarray(rejected, dtype=np.float64)) - (0.0 if margin is None else margin)
    cost = (1 - label_smoothing) * np.logaddexp(0, -lead) + label_smoothing * np.logaddexp(0, lead)
    return cost + centring * (chosen + rejected) ** 2


def parts(chosen, rejected, beta, margin, label_smoothing, centring):
    p, q = sigmoids(beta * (chosen - rejected) - (0 if margin is None else margin))
    return p, q, beta * label_smoothing * p, beta * (1 - label_smoothing) * q, 2 * centring * (chosen + rejected)


def exact(chosen, rejected, *, beta=1, margin=None, label_smoothing=0, centring=0):
    p, q, back, forth, pull = parts(chosen, rejected, beta, margin, label_smoothing, centring)
    value = -(1 - label_smoothing) * mp.log(p) - label_smoothing * mp.log(q) + centring * (chosen + rejected) ** 2
    bend = beta**2 * p * q + 2 * centring
    return value, (back - forth + pull, forth - back + pull), (bend, bend)


def scale(chosen, rejected, *, beta=1, margin=None, label_smoothing=0, centring=0):
    """The largest of the pulls in both directions, where there are several."""
    _, _, back, forth, pull = parts(chosen, rejected, beta, margin, label_smoothing, centring)
    slope = max(back, forth, abs(pull))
    return 0, (slope, slope), (0, 0)


TAILS = [
    (residuals, {"beta": 2.0, "margin": 0.5, "label_smoothing": 0.1}),
    (residuals, {"centring": 0.01}),
]
