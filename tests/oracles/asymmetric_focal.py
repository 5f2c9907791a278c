"""Asymmetric focal loss of logits, from its definition."""

import mpmath as mp
import numpy as np
from points import normal_logits


def value(pred, target, *, gamma_pos=0.0, gamma_neg=4.0, clip=0.05):
    t = np.asarray(target, dtype=np.float64)
    p, q = 1 / (1 + np.exp(-pred)), 1 / (1 + np.exp(pred))
    m = np.maximum(0.0, p - clip)
    log_rest = -np.logaddexp(0, pred) if clip == 0.0 else np.log1p(-m)
    return t * q**gamma_pos * np.logaddexp(0, -pred) - (1 - t) * m**gamma_neg * log_rest


def terms(pred, target, gamma_pos, gamma_neg, clip):
    """What value, slope and curvature are sums of, and how much a power of p - clip adds to a rounding of p."""
    p, q = 1 / (1 + mp.exp(-pred)), 1 / (1 + mp.exp(pred))
    faded, log_p = target * q**gamma_pos, mp.log(p)
    values, slopes = [-faded * log_p], [faded * (gamma_pos * p * log_p - q)]
    curvatures = [faded * p * q * (1 + 2 * gamma_pos), faded * gamma_pos * p * q * log_p]
    curvatures.append(-faded * gamma_pos**2 * p**2 * log_p)
    m = p - clip
    if m <= 0:
        return values, slopes, curvatures, 1
    rest, g = q + clip, gamma_neg
    share, log_rest = (1 - target) * m**g, mp.log(rest)
    values.append(-share * log_rest)
    # with respect to m, then to the logit
    first = -share * g / m * log_rest, share / rest
    second = -share * g * (g - 1) / m**2 * log_rest, 2 * share * g / m / rest, share / rest**2
    slopes.append(mp.fsum(first) * p * q)
    curvatures += [second[0] * (p * q) ** 2, second[1] * (p * q) ** 2, first[0] * p * q * (q - p)]
    curvatures.append(second[2] * (p * q) ** 2 + first[1] * p * q * (q - p))
    return values, slopes, curvatures, 1 + g * clip / m


def exact(pred, target, *, gamma_pos=0, gamma_neg=4, clip):
    return tuple(mp.fsum(part) for part in terms(pred, target, gamma_pos, gamma_neg, clip)[:3])


def scale(pred, target, *, gamma_pos=0, gamma_neg=4, clip):
    """The largest term where terms cancel; just beyond the clip a power of p - clip has fewer digits than p."""
    *parts, lost = terms(pred, target, gamma_pos, gamma_neg, clip)
    return tuple(lost * max(abs(term) for term in part) for part in parts)


TAILS = [
    (normal_logits, {"clip": 0.0}),
    (normal_logits, {"gamma_pos": 1.0, "clip": 0.05}),
    (normal_logits, {"gamma_neg": 0.5, "clip": 0.25}),
]
