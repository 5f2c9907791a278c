"""Asymmetric focal loss of logits."""

from ...declare import NONNEGATIVE, SMOOTHING, UNIT, Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_product, log, log1p, minimum
from .bce_with_logits import _decay_of_pred
from .focal import _focal_near


def _asymmetric_focal_constants(clip):
    # what is left of 1 without a clip is known better from its logarithm
    return 1e-30 if clip <= 0.0 else 0.0


def _asymmetric_focal_sides(pred, clip, unclipped, e, near, near_rest):
    positive = pred > 0.0
    whole = 1.0 + e
    p = (1.0 if positive else e) / whole
    q = (e if positive else 1.0) / whole
    # minus the logarithm of the unlikely label's probability, finite, and what it lost to rounding
    size = minimum(1e30, abs(pred))
    far = size + near
    return p, q, far, (near - (far - size)) + near_rest, unclipped - q if clip > 0.5 else p - clip


def _asymmetric_focal_faded(pred, gamma_pos, near, near_rest, far, far_rest):
    positive = pred > 0.0
    return decay_of_product(gamma_pos, far if positive else near, far_rest if positive else near_rest)


def _asymmetric_focal_moved(clip, p, beyond):
    return log1p(0.0 if beyond <= 0.0 else -clip / p)


def _asymmetric_focal_power(pred, gamma_neg, near, near_rest, far, far_rest, moved):
    positive = pred > 0.0
    log_p = near if positive else far
    log_m = log_p - moved
    return decay_of_product(gamma_neg, log_m, ((log_p - log_m) - moved) + (near_rest if positive else far_rest))


def _asymmetric_focal_low(beyond):
    m = 1.0 if beyond <= 0.0 else beyond
    return log1p(-(m if m < 0.5 else 0.5))


def _asymmetric_focal_high(clip, q):
    return log(q + clip)


def _asymmetric_focal(
    pred, target, gamma_pos, gamma_neg, clip, unclipped, least,
    e, near, near_rest, p, q, far, far_rest, beyond, faded, moved, power, low, high,
):  # fmt: skip
    positive = pred > 0.0
    whole = 1.0 + e
    log_p = near if positive else far
    # label 1, whose cost fades with q
    cost = faded * (near if positive else abs(pred) + near) if target > 0.0 else 0.0
    slope = -faded * (q + gamma_pos * p * log_p)
    # times what has faded first: powers so high that nothing is left have squares that overflow
    steeper = faded * gamma_pos
    bend = faded * p * q + steeper * p * (q * (2.0 - log_p) + minimum(1e15, gamma_pos * log_p) * p)
    # label 0, whose probability counts from the clip: m = p - clip, and 1 - m
    free = beyond <= 0.0
    m = 1.0 if free else beyond
    by_m = p / m
    rest = q + clip
    odds = e if positive else 1.0
    by_rest = odds / (odds + clip * whole) if rest > 0.0 else 1.0
    grown = 0.0 if free else power
    tail = rest <= least
    other = far if tail else -(high if m > 0.5 else low)
    infinite = abs(pred) + near if tail else other
    climbing = grown * gamma_neg * by_m * q
    push = climbing * other
    cross = 2.0 * climbing * by_rest * p
    steep = (gamma_neg - 1.0) * by_m * q * push + cross
    bent = steep + push * (q - p) + grown * by_rest * p * (q - p * (clip / rest if rest > 0.0 else 0.0))
    share = 1.0 - target
    value = target * cost + (share * grown * infinite if share > 0.0 and not free else 0.0)
    return value, target * slope + share * (push + grown * by_rest * p), target * bend + share * bent


@elementwise(
    _asymmetric_focal,
    constants=_asymmetric_focal_constants,
    stages={
        "e": _decay_of_pred,
        "near, near_rest": _focal_near,
        "p, q, far, far_rest, beyond": _asymmetric_focal_sides,
        "faded": _asymmetric_focal_faded,
        "moved": _asymmetric_focal_moved,
        "power": _asymmetric_focal_power,
        "low": _asymmetric_focal_low,
        "high": _asymmetric_focal_high,
    },
    target=UNIT,
    gamma_pos=NONNEGATIVE,
    gamma_neg=NONNEGATIVE,
    clip=SMOOTHING,
    derived={"unclipped": lambda clip: 1.0 - clip},
    kinks="probability = clip, where gamma_neg < 2",
    cost=10.0,
    aliases=("asymmetric_loss", "asl"),
)
def asymmetric_focal(
    pred: Array,
    target: Array,
    *,
    gamma_pos: float = 0.0,
    gamma_neg: float = 4.0,
    clip: float = 0.05,
    **options: Unpack[Options],
) -> Result:
    r"""Asymmetric focal loss of logits, for many labels of which few are set.

    With p the probability of 1 and ``m = max(0, p - clip)`` it is ``-t * (1 - p)**gamma_pos * log(p) - (1 - t) *
    m**gamma_neg * log(1 - m)``: labels that are not set fade faster than those that are, and easy ones count nothing.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logits.
    target : array, shape of `pred`
        Probability of the label 1, in [0, 1].
    gamma_pos, gamma_neg : float >= 0
        How fast labels of 1, and of 0, fade when they are classified well.
    clip : float in [0, 1)
        Probability up to which a label of 0 costs nothing.

    Notes
    -----
    Without a clip confident predictions keep their digits, as in `focal`; just beyond a clip, m has no more of them
    than the probability. The exact curvature changes sign; the bound lifts it to at least 1e-16.

    References
    ----------
    .. [1] T. Ridnik et al., "Asymmetric Loss For Multi-Label Classification", ICCV 2021.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.asymmetric_focal(np.array([2.0, -3.0]), np.array([1, 0]), reduction="none").round(4)
    array([0.1269, 0.    ])
    """
