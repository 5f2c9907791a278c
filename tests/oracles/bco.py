"""Binary classifier optimisation, from its definition."""

import mpmath as mp
import numpy as np
from oracles.nca import sigmoids
from points import judged


def value(log_prob, reference, desirable, *, beta=0.1, baseline=0.0):
    z = beta * (log_prob - np.asarray(reference, dtype=np.float64)) - baseline
    return np.logaddexp(0, np.where(desirable > 0, -z, z))


def exact(log_prob, reference, desirable, *, beta=0.1, baseline=0.0):
    side = 1 if desirable > 0 else -1
    p, q = sigmoids(side * (beta * (log_prob - reference) - baseline))
    return -mp.log(p), -side * beta * q, beta**2 * p * q


TAILS = [(judged, {"beta": 0.3, "baseline": 0.3})]
