"""Direct preference optimisation, from its definition."""

import mpmath as mp
import numpy as np
from points import preferences


def value(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1, label_smoothing=0.0, robust=False):
    lead = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))
    share, rest = shares(label_smoothing, robust)
    return rest * np.logaddexp(0, -lead) + share * np.logaddexp(0, lead)


def shares(label_smoothing, robust):
    """What pairs that were exchanged and those that were not count."""
    if robust:
        return -label_smoothing / (1 - 2 * label_smoothing), (1 - label_smoothing) / (1 - 2 * label_smoothing)
    return label_smoothing, 1 - label_smoothing


def exact(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1, label_smoothing=0.0, robust=False):
    lead = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))
    p, q = 1 / (1 + mp.exp(-lead)), 1 / (1 + mp.exp(lead))
    share, rest = shares(label_smoothing, robust)
    slope = beta * (share * p - rest * q)
    curvature = beta**2 * p * q
    value = -rest * mp.log(p) - share * mp.log(q)
    return value, (slope, -slope), (curvature, curvature)


def scale(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1, label_smoothing=0.0, robust=False):
    """The larger of the pulls in both directions, and of two costs of opposite signs, where they cancel."""
    lead = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))
    p, q = 1 / (1 + mp.exp(-lead)), 1 / (1 + mp.exp(lead))
    share, rest = shares(label_smoothing, robust)
    slope = beta * max(abs(share * p), rest * q) if label_smoothing else 0
    return max(-mp.log(p), abs(share * lead)) if share < 0 else 0, (slope, slope), (0, 0)


TAILS = [
    (preferences, {"beta": 0.1}),
    (preferences, {"beta": 1.0, "label_smoothing": 0.1}),
    (preferences, {"beta": 1.0, "label_smoothing": 0.1, "robust": True}),
]
