"""Negative log-likelihood of a von Mises distribution, from its definition."""

import functools

import mpmath as mp
import numpy as np
from points import angles
from scipy.special import i0e


def value(pred, target, concentration, *, full=False):
    k = np.asarray(concentration, dtype=np.float64)
    half = np.sin(0.5 * (np.asarray(pred, dtype=np.float64) - np.asarray(target, dtype=np.float64)))
    return np.log(i0e(k)) + 2.0 * k * half**2 + (np.log(2.0 * np.pi) if full else 0.0)


def hankel(order, k):
    """sqrt(2 pi k) e^-k I(k), by the series for large k."""
    total = term = mp.mpf(1)
    j = 0
    while abs(term) > mp.mpf(10) ** -1200 and j < 2 * k:
        j += 1
        term *= -(4 * order**2 - (2 * j - 1) ** 2) / (8 * j * k)
        total += term
    return total


@functools.cache
def bessel(k):
    """log(e^-k I0(k)), A = I1 / I0, 1 - A and the slope of A."""
    with mp.workdps(1300 if k > 1000 else 450):
        if k == 0:
            return mp.mpf(0), mp.mpf(0), mp.mpf(1), mp.mpf(1) / 2
        if k > 1000:
            zeroth, first = hankel(0, k), hankel(1, k)
            logarithm = mp.log(zeroth) - mp.log(2 * mp.pi * k) / 2
        else:
            zeroth, first = mp.besseli(0, k), mp.besseli(1, k)
            logarithm = mp.log(zeroth) - k
        a = first / zeroth
        return logarithm, a, 1 - a, 1 - a / k - a**2


def exact(pred, target, concentration, *, full=False):
    r, k = pred - target, concentration
    logarithm, _, lack, bend = bessel(k)
    versine = 2 * mp.sin(r / 2) ** 2
    value = logarithm + k * versine + (mp.log(2 * mp.pi) if full else 0)
    return value, (k * mp.sin(r), versine - lack), (k * mp.cos(r), bend)


def scale(pred, target, concentration, *, full=False):
    """The largest term where terms cancel: in the value, and in what is by the concentration."""
    r, k = pred - target, concentration
    logarithm, a, lack, bend = bessel(k)
    versine = 2 * mp.sin(r / 2) ** 2
    constant = mp.log(2 * mp.pi) if full else 0
    if k < 1.75:
        return max(logarithm + k, k * abs(mp.cos(r)), constant), (0, max(a, abs(mp.cos(r)))), (0, max(bend, a**2))
    return max(abs(mp.log(k)) / 2, 0.9, k * versine), (0, max(versine, lack)), (0, 0)


TAILS = [(angles, {}), (angles, {"full": True})]
