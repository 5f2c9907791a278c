"""Asymmetric focal loss of logits."""

from ...declare import NONNEGATIVE, SMOOTHING, UNIT, Array, Options, Result, Unpack, elementwise
from ...scalar import decay, decay_of_product, log, log1p, log1p_unit, log1p_unit_rest, minimum


def _asymmetric_focal_constants(clip):
    # what is left of 1 without a clip is known better from its logarithm
    return 1e-30 if clip <= 0.0 else 0.0


def _asymmetric_focal(pred, target, gamma_pos, gamma_neg, clip, unclipped, least):
    e = decay(pred)
    near = log1p_unit(e)
    near_rest = log1p_unit_rest(e)
    positive = pred > 0.0
    whole = 1.0 + e
    p = (1.0 if positive else e) / whole
    q = (e if positive else 1.0) / whole
    # minus the logarithms of the two: near and far, finite, both with what they lost to rounding
    size = minimum(1e30, abs(pred))
    far = size + near
    far_rest = (near - (far - size)) + near_rest
    log_p = near if positive else far
    # label 1, whose cost fades with q
    faded = decay_of_product(gamma_pos, far if positive else near, far_rest if positive else near_rest)
    cost = faded * (near if positive else abs(pred) + near) if target > 0.0 else 0.0
    slope = -faded * (q + gamma_pos * p * log_p)
    # times what has faded first: powers so high that nothing is left have squares that overflow
    steeper = faded * gamma_pos
    bend = faded * p * q + steeper * p * (q * (2.0 - log_p) + minimum(1e15, gamma_pos * log_p) * p)
    # label 0, whose probability counts from the clip: m = p - clip, and 1 - m
    beyond = unclipped - q if clip > 0.5 else p - clip
    free = beyond <= 0.0
    m = 1.0 if free else beyond
    by_m = p / m
    rest = q + clip
    odds = e if positive else 1.0
    by_rest = odds / (odds + clip * whole) if rest > 0.0 else 1.0
    moved = log1p(0.0 if free else -clip / p)
    log_m = log_p - moved
    power = decay_of_product(gamma_neg, log_m, ((log_p - log_m) - moved) + (near_rest if positive else far_rest))
    grown = 0.0 if free else power
    low = log1p(-(m if m < 0.5 else 0.5))
    high = log(rest)
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
