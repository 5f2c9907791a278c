"""Negative log-likelihood of a negative binomial distribution with zeros of its own, from its definition."""

import mpmath as mp
import numpy as np
from oracles.zero_inflated_poisson_nll import power, sigmoid
from points import sized_counts

log_gamma = np.vectorize(lambda x: float(mp.loggamma(x)), otypes=[float])


def value(pred, target, size, gate):
    target = np.asarray(target, dtype=np.float64)
    zero = size * np.log1p(np.exp(pred) / size)
    passed = np.logaddexp(0.0, gate)
    chosen = log_gamma(size) + log_gamma(1.0 + target) - log_gamma(size + target)
    count = chosen + zero + target * np.log1p(size * np.exp(-pred)) + passed
    return np.where(target == 0.0, passed - np.logaddexp(gate, -zero), count)


def size(pred, target, size, gate):
    terms = np.abs(log_gamma(size + target)) + target * np.log1p(size * np.exp(-pred))
    return 1.0 + size * np.log1p(np.exp(pred) / size) + np.abs(gate) + terms


def parts(pred, target, size):
    """Value, slopes and curvatures of the negative binomial distribution by the logarithm of the mean and the size."""
    mean, total = mp.exp(pred), size + target
    value = size * mp.log1p(mean / size) + target * (mp.log(mean + size) - pred)
    value += mp.loggamma(size) + mp.loggamma(1 + target) - mp.loggamma(total)
    z = (mean - target) / (mean + size)
    slopes = size * z, mp.log1p(mean / size) - z + mp.psi(0, size) - mp.psi(0, total)
    bends = (
        mean * size * (size + target) / (mean + size) ** 2,
        mp.psi(1, size) - mp.psi(1, total) - mean / size / (mean + size) + z / (mean + size),
    )
    return value, slopes, bends


def exact(pred, target, size, gate):
    value, slopes, bends = parts(pred, target, size)
    zero = sigmoid(gate)
    if target > 0:
        return value + mp.log1p(mp.exp(gate)), (*slopes, zero), (*bends, zero * sigmoid(-gate))
    counted = sigmoid(-gate) * (1 - power(-value) if value > 1 else -mp.expm1(-value))
    own, other = sigmoid(-gate - value), sigmoid(gate + value)
    cost = -mp.log1p(-counted) if counted < 0.9 else mp.log1p(mp.exp(gate)) - mp.log(mp.exp(gate) + power(-value))
    bends = tuple(own * bend - own * other * slope**2 for slope, bend in zip(slopes, bends, strict=True))
    return cost, (*(own * slope for slope in slopes), -other * counted), (*bends, other * counted * (zero - own))


def scale(pred, target, size, gate):
    """The largest term where terms cancel, and what a power moves by with the last digit of its exponent."""
    mean, total = mp.exp(pred), size + target
    value, slopes, bends = parts(pred, target, size)
    share, z = mean / (mean + size), (mean - target) / (mean + size)
    larger = max(mean, target) / (mean + size)
    lost = mp.log1p(abs(mean - target) / min(total, mean + size))
    if target > 0:
        terms = [(size + target) * mp.log1p(mean / size), target * pred, target, mp.loggamma(1 + target)]
        terms += [value, mp.log1p(mp.exp(gate))]
        terms += [mp.loggamma(size), target * mp.log(size), mp.loggamma(total)] if size < 7 else []
        near = [mp.psi(0, size), mp.log(size), mp.psi(0, total)] if size < 6 else []
        by_size = max(map(abs, [larger, lost, *near]))
        bent = mp.psi(1, size) if size < 10 else 0
        bend = max(bent, larger * abs(z) / total, target / (2 * size * size * total))
        return max(map(abs, terms)), (size * larger, by_size, 0), (0, bend, 0)
    counted = sigmoid(-gate) * (1 - power(-value) if value > 1 else -mp.expm1(-value))
    own, other = sigmoid(-gate - value), sigmoid(gate + value)
    exponent = abs(gate) + value
    by_own, by_other = 1 + exponent * other, 1 + exponent * own
    by_size = own * max(share, slopes[1]) * by_own
    both = max(by_own, by_other)
    return (
        0,
        (own * slopes[0] * by_own, by_size, other * counted * by_other),
        (
            own * max(bends[0], other * slopes[0] ** 2) * both,
            own * max(abs(bends[1]), other * slopes[1] * max(share, slopes[1])) * both,
            other * counted * max(sigmoid(gate), own * by_own) * by_other,
        ),
    )


TAILS = [(sized_counts, {})]
