"""A mixture of normal or Student t distributions, from their densities."""

import math

import numpy as np


def log_densities(mean, log_scale, target, df):
    r = (target - np.asarray(mean, np.float64)) / np.exp(np.asarray(log_scale, np.float64))
    if df is None:
        return -0.5 * r**2 - 0.5 * math.log(2.0 * math.pi) - log_scale
    constant = math.lgamma(0.5 * df + 0.5) - math.lgamma(0.5 * df) - 0.5 * math.log(math.pi * df)
    return constant - 0.5 * (df + 1.0) * np.log1p(r**2 / df) - log_scale


def mixed(logits, logs):
    wide = np.asarray(logits, np.float64)
    return np.logaddexp.reduce(wide, axis=-1) - np.logaddexp.reduce(wide + logs, axis=-1)


def value(logits, mean, log_scale, target, *, df=None):
    return mixed(logits, log_densities(mean, log_scale, np.asarray(target, np.float64)[..., None], df))


def size(logits, mean, log_scale, target, *, df=None):
    logs = log_densities(mean, log_scale, np.asarray(target, np.float64)[..., None], df)
    return 1.0 + abs(logits).max(axis=-1) + abs(logs).max(axis=-1)
