"""Kahneman-Tversky optimisation, from its definition."""

import numpy as np
from oracles.nca import sigmoids
from points import judged


def value(
    log_prob, reference, desirable, *, beta=0.1, baseline=0.0, desirable_weight=1.0, undesirable_weight=1.0
):  # fmt: skip
    z = beta * (log_prob - np.asarray(reference, dtype=np.float64) - baseline)
    good = desirable_weight * np.exp(-np.logaddexp(0, z))
    return np.where(desirable > 0, good, undesirable_weight * np.exp(-np.logaddexp(0, -z)))


def exact(log_prob, reference, desirable, *, beta=0.1, baseline=0.0, desirable_weight=1.0, undesirable_weight=1.0):
    side, share = (1, desirable_weight) if desirable > 0 else (-1, undesirable_weight)
    p, q = sigmoids(side * beta * (log_prob - reference - baseline))
    return share * q, -side * share * beta * p * q, share * beta**2 * p * q * (p - q)


def scale(log_prob, reference, desirable, *, beta=0.1, baseline=0.0, desirable_weight=1.0, undesirable_weight=1.0):
    """The larger part of the curvature."""
    share = desirable_weight if desirable > 0 else undesirable_weight
    p, q = sigmoids(beta * (log_prob - reference - baseline))
    return 0, 0, share * beta**2 * p * q * max(p, q)


TAILS = [(judged, {"beta": 0.3, "baseline": 0.3})]
