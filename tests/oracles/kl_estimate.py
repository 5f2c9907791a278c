"""Estimators of a divergence from log-probabilities, from their definitions."""

import mpmath as mp
import numpy as np
from points import residuals


def value(log_prob, reference, *, estimator="k3"):
    r = log_prob - np.asarray(reference, dtype=np.float64)
    return {"k1": r, "k2": r * r / 2, "k3": np.expm1(-r) + r}[estimator]


def exact(log_prob, reference, *, estimator="k3"):
    r = log_prob - reference
    if estimator == "k1":
        return r, 1, 0
    if estimator == "k2":
        return r * r / 2, r, 1
    return mp.expm1(-r) + r, -mp.expm1(-r), mp.exp(-r)


def size(log_prob, reference, *, estimator="k3"):
    """The larger term of k3."""
    r = log_prob - np.asarray(reference, dtype=np.float64)
    return np.exp(-r) + np.abs(r) if estimator == "k3" else np.abs(r) ** (1.0 if estimator == "k1" else 2.0)


TAILS = [
    (residuals, {}),
    (residuals, {"estimator": "k1"}),
    (residuals, {"estimator": "k2"}),
]
