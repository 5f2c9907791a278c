"""Anchored preference optimisation, from its definition."""

import numpy as np
from oracles.nca import sigmoids
from points import preferences


def value(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1, anchor="zero"):
    r, s = beta * (chosen - reference_chosen), beta * (rejected - reference_rejected)
    first, second = (-r, s) if anchor == "zero" else (r, s - r)
    return np.exp(-np.logaddexp(0, -first)) + np.exp(-np.logaddexp(0, -second))


def terms(chosen, rejected, reference_chosen, reference_rejected, beta, anchor):
    """Of both sigmoids value, slope, curvature, and the larger part of that."""
    r, s = beta * (chosen - reference_chosen), beta * (rejected - reference_rejected)
    for x in (-r, s) if anchor == "zero" else (r, s - r):
        p, q = sigmoids(x)
        yield p, p * q, p * q * (q - p), p * q * max(p, q)


def exact(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1, anchor="zero"):
    first, second = terms(chosen, rejected, reference_chosen, reference_rejected, beta, anchor)
    slope, bend = (-first[1], first[2]) if anchor == "zero" else (first[1] - second[1], first[2] + second[2])
    return first[0] + second[0], (beta * slope, beta * second[1]), (beta**2 * bend, beta**2 * second[2])


def scale(chosen, rejected, reference_chosen, reference_rejected, *, beta=0.1, anchor="zero"):
    """The larger part of each difference."""
    first, second = terms(chosen, rejected, reference_chosen, reference_rejected, beta, anchor)
    slope, bend = (0, first[3]) if anchor == "zero" else (max(first[1], second[1]), max(first[3], second[3]))
    return 0, (beta * slope, 0), (beta**2 * bend, beta**2 * second[3])


TAILS = [
    (preferences, {"beta": 1.0}),
    (preferences, {"beta": 0.3, "anchor": "down"}),
]
