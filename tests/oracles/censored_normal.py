"""Negative log-likelihood of a normal distribution between bounds, from its definition."""

import mpmath as mp
import numpy as np
from points import normal_bounds


def value(pred, lower, upper, *, sigma=1.0):
    return np.vectorize(one, otypes=[float])(pred, np.minimum(lower, upper), np.maximum(lower, upper), sigma)


def one(pred, low, high, sigma, known=0, logarithm=mp.mpf):
    """Of one value, in 40 digits."""
    with mp.workdps(40):
        a, b = ((logarithm(float(end)) - mp.mpf(float(pred))) / sigma for end in (low, high))
        if low < high:
            return float(-mp.log(chance(a, b)))
        return float(a**2 / 2 + mp.log(2 * mp.pi) / 2 + mp.log(sigma) + known)


def chance(a, b):
    """The probability of what lies between, from the side where both ends are small."""
    a, b = (-b, -a) if a + b < 0 else (a, b)
    a, b = max(a, mp.mpf(-(10**5))), min(b, mp.mpf(10**5))
    return (mp.erfc(a / mp.sqrt(2)) - mp.erfc(b / mp.sqrt(2))) / 2


def density(x):
    return mp.exp(-(x**2) / 2) / mp.sqrt(2 * mp.pi) if abs(x) < 10**5 else mp.mpf(0)


def parts(pred, low, high, sigma, known):
    """The value, the slope with its larger term, and the curvature."""
    a, b = (low - pred) / sigma, (high - pred) / sigma
    if a + b < 0:
        value, slope, term, curvature = parts(-pred, -high, -low, sigma, known)
        return value, -slope, term, curvature
    if low == high:
        return a**2 / 2 + mp.log(2 * mp.pi) / 2 + known, -a / sigma, 0, 1 / sigma**2
    far, near = density(b), density(a)
    if (high - low) / sigma < mp.mpf(10) ** -120:
        m = (a + b) / 2
        return m**2 / 2 + mp.log(2 * mp.pi) / 2 - mp.log((high - low) / sigma), -m / sigma, 0, 1 / sigma**2
    if a > mp.mpf(10) ** 4:
        return tail(a, b, sigma)
    p = chance(a, b)
    slope = (near - far) / p
    ends = (b * far if b < mp.inf else 0) - (a * near if a > -mp.inf else 0)
    term = min(near / p, max(abs(a), abs(b)))
    return -mp.log(p), -slope / sigma, term / sigma, (slope**2 + ends / p) / sigma**2


def mills(a):
    """Mills' ratio and what its product with a lacks of 1, far out."""
    ratio = sum((-1) ** k * mp.fac2(2 * k - 1) / a ** (2 * k + 1) for k in range(40))
    return ratio, sum((-1) ** (k + 1) * mp.fac2(2 * k - 1) / a ** (2 * k) for k in range(1, 40))


def tail(a, b, sigma):
    """Far out, where powers are as nothing: p = density(a) (M(a) - e^-drop M(b))."""
    drop = (b - a) * (b + a) / 2
    e = mp.exp(-drop)
    (ratio, lack), (other, other_lack) = mills(a), mills(b) if b < mp.inf else (0, 0)
    between, lost = ratio - e * other, -mp.expm1(-drop)
    more = e * (b - a) * (ratio - other) if e else 0
    curvature = (lost * (lack - e * other_lack) + more) / between**2
    return a**2 / 2 + mp.log(2 * mp.pi) / 2 - mp.log(between), -lost / between / sigma, 0, curvature / sigma**2


def exact(pred, lower, upper, *, sigma=1):
    value, slope, _, curvature = parts(pred, min(lower, upper), max(lower, upper), sigma, mp.log(sigma))
    return value, slope, curvature


def scale(pred, lower, upper, *, sigma=1):
    """The larger term of the slope, and of the value of one that is known."""
    low, high = min(lower, upper), max(lower, upper)
    value, _, term, _ = parts(pred, low, high, sigma, mp.log(sigma))
    return max(abs(value - mp.log(sigma)), abs(mp.log(sigma))) if low == high else 0, term, 0


TAILS = [
    (normal_bounds(1.0), {}),
    (normal_bounds(0.3), {"sigma": 0.3}),
    (normal_bounds(8.5), {"sigma": 8.5}),
]
