"""The same of vectors with independent entries."""

import numpy as np
from oracles.mixture_nll import log_densities, mixed


def value(logits, mean, log_scale, target, *, df=None):
    return mixed(logits, log_densities(mean, log_scale, np.asarray(target, np.float64)[..., None, :], df).sum(axis=-1))


def size(logits, mean, log_scale, target, *, df=None):
    logs = log_densities(mean, log_scale, np.asarray(target, np.float64)[..., None, :], df)
    return 1.0 + abs(logits).max(axis=-1) + abs(logs).sum(axis=-1).max(axis=-1)
