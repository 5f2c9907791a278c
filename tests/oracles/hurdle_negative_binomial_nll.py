"""Negative log-likelihood of counts that vary much behind a hurdle, from its definition."""

import mpmath as mp
import numpy as np
from oracles import zero_inflated_negative_binomial_nll as inflated
from oracles.zero_inflated_poisson_nll import power, sigmoid
from points import sized_counts


def value(pred, target, size, gate):
    target = np.asarray(target, dtype=np.float64)
    count = inflated.value(pred, np.maximum(target, 1e-300), size, gate)
    some = np.log(-np.expm1(-size * np.log1p(np.exp(pred) / size)))
    return np.where(target == 0.0, np.logaddexp(0.0, -gate), count + some)


def size(pred, target, size, gate):
    return inflated.size(pred, target, size, gate) + np.abs(pred)


def above(pred, size):
    """log(1 - e^-c), its slopes and curvatures, and the terms of the latter."""
    mean = mp.exp(pred)
    ratio, z = mean / size, mean / (mean + size)
    cost, gained = size * mp.log1p(ratio), mp.log1p(ratio) - z if ratio > 1e-100 else z * z / 2
    some = 1 - power(-cost) if cost > 1 else -mp.expm1(-cost)
    rest, slopes, bends = power(-cost) / some, (size * z, gained), (size * z * (1 - z), -z * z / size)
    terms = [(rest * b, rest * (1 + rest) * s**2) for s, b in zip(slopes, bends, strict=True)]
    # a power moves by its exponent with the last digit of that
    return mp.log(some), tuple(rest * s for s in slopes), terms, 1 + cost


def exact(pred, target, size, gate):
    zero = sigmoid(gate)
    bend = zero * sigmoid(-gate)
    if target == 0:
        return mp.log1p(power(-gate)), (0, 0, -sigmoid(-gate)), (0, 0, bend)
    value, slopes, bends = inflated.parts(pred, target, size)
    some, more, terms, _ = above(pred, size)
    slopes = tuple(s + t for s, t in zip(slopes, more, strict=True))
    bends = tuple(b + first - second for b, (first, second) in zip(bends, terms, strict=True))
    return value + some + mp.log1p(mp.exp(gate)), (*slopes, zero), (*bends, bend)


def scale(pred, target, size, gate):
    """The larger term of what is a difference."""
    if target == 0:
        return 0, (0, 0, 0), (0, 0, 0)
    most, slopes, bends = inflated.scale(pred, target, size, gate)
    _, _, bent = inflated.parts(pred, target, size)
    some, more, terms, moved = above(pred, size)
    slopes = (max(slopes[0], more[0]), max(slopes[1], more[1]), 0)
    bends = tuple(max(b, abs(c), *(moved * abs(x) for x in t)) for b, c, t in zip(bends[:2], bent, terms, strict=True))
    return max(most, abs(some)), slopes, (*bends, 0)


TAILS = [(sized_counts, {})]
