"""Direct preference optimisation, from its definition."""

import mpmath as mp
import numpy as np


def value(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1, label_smoothing=0.0):
    lead = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))
    return (1 - label_smoothing) * np.logaddexp(0, -lead) + label_smoothing * np.logaddexp(0, lead)


def exact(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1, label_smoothing=0.0):
    lead = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))
    p, q = 1 / (1 + mp.exp(-lead)), 1 / (1 + mp.exp(lead))
    slope = beta * (label_smoothing * p - (1 - label_smoothing) * q)
    curvature = beta**2 * p * q
    value = -(1 - label_smoothing) * mp.log(p) - label_smoothing * mp.log(q)
    return value, (slope, -slope), (curvature, curvature)


def scale(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1, label_smoothing=0.0):
    """The larger of the pulls in both directions, where they cancel."""
    lead = beta * ((chosen - reference_chosen) - (rejected - reference_rejected))
    p, q = 1 / (1 + mp.exp(-lead)), 1 / (1 + mp.exp(lead))
    slope = beta * max(label_smoothing * p, (1 - label_smoothing) * q) if label_smoothing else 0
    return 0, (slope, slope), (0, 0)
