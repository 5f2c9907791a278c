"""Quality focal loss of logits, from its definition."""

import mpmath as mp
import numpy as np
from points import sure_qualities


def value(pred, target, *, beta=2.0):
    t = np.asarray(target, dtype=np.float64)
    p = 1 / (1 + np.exp(-pred))
    return abs(t - p) ** beta * (t * np.logaddexp(0, -pred) + (1 - t) * np.logaddexp(0, pred))


def parts(pred, target):
    """The cross-entropy, both probabilities and how far the target is from the first."""
    p, q = 1 / (1 + mp.exp(-pred)), 1 / (1 + mp.exp(pred))
    return -target * mp.log(p) - (1 - target) * mp.log(q), p, q, target * q - (1 - target) * p


def exact(pred, target, *, beta=2):
    cost, p, q, gap = parts(pred, target)
    if not gap:
        return 0, 0, 2 * cost * (p * q) ** 2 if beta == 2 else 0
    size, steep = abs(gap), p * q / abs(gap)
    left = size**beta
    bends = (2 * beta + 1) * p * q - beta * cost * (q - p) * mp.sign(gap) * steep
    slope = -mp.sign(gap) * left * (size + beta * cost * steep)
    return left * cost, slope, left * (bends + beta * (beta - 1) * cost * steep**2)


def scale(pred, target, *, beta=2):
    """The terms of a curvature; of a soft target the gap is a difference of two shares, of which powers are taken."""
    cost, p, q, gap = parts(pred, target)
    if not gap:
        return 0, 0, 0
    size, steep = abs(gap), p * q / abs(gap)
    left = size**beta
    slopes = left * size, left * beta * cost * steep
    bends = (2 * beta + 1) * p * q, beta * cost * abs(q - p) * steep, beta * (beta - 1) * cost * steep**2
    lost = max(target * q, (1 - target) * p) / size if 0 < target < 1 else 0
    powers = (max(beta, 1), max(beta - 1, beta + 1), max(abs(beta - 2), beta))
    terms = left * cost, max(slopes), left * max(bends)
    kept = (0, max(slopes), left * max(bends))
    return tuple(max(by * lost * term, most) for by, term, most in zip(powers, terms, kept, strict=True))


TAILS = [
    (sure_qualities, {}),
    (sure_qualities, {"beta": 1.0}),
    (sure_qualities, {"beta": 1.75}),
    (sure_qualities, {"beta": 5.0}),
]
