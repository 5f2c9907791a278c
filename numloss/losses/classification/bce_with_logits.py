"""Binary cross-entropy of logits."""

from ...declare import NONNEGATIVE, SMOOTHING, UNIT, Array, Options, Result, Unpack, elementwise
from ...scalar import decay, fma, log1p_unit


def _decay_of_pred(pred):
    return decay(pred)


def _bce_with_logits(pred, target, pos_weight, label_smoothing, kept, e):
    yes = pos_weight * fma(target, kept, 0.5 * label_smoothing)
    no = fma(1.0 - target, kept, 0.5 * label_smoothing)
    positive = pred > 0.0
    wrong = no if positive else yes
    # nobody is wrong: infinitely sure and right costs nothing, though 0 * inf would be NaN
    distance = abs(pred) if wrong > 0.0 else 0.0
    value = fma(wrong, distance, (yes + no) * log1p_unit(e))
    up = 1.0 if positive else e
    down = e if positive else 1.0
    slope = (no * up - yes * down) / (1.0 + e)
    return value, slope, (yes + no) * e / ((1.0 + e) * (1.0 + e))


@elementwise(
    _bce_with_logits,
    stages={"e": _decay_of_pred},
    target=UNIT,
    pos_weight=NONNEGATIVE,
    label_smoothing=SMOOTHING,
    derived={"kept": lambda label_smoothing: 1.0 - label_smoothing},
    per_element=("pos_weight",),
    none={"pos_weight": 1.0},
    convex=True,
    cost=2.5,
    aliases=(
        *("binary_cross_entropy_with_logits", "sigmoid_binary_cross_entropy", "sigmoid_cross_entropy", "logistic"),
        "non_saturating_gan",
    ),
)
def bce_with_logits(
    pred: Array,
    target: Array,
    *,
    pos_weight: float | Array | None = None,
    label_smoothing: float = 0.0,
    **options: Unpack[Options],
) -> Result:
    r"""Binary cross-entropy of logits, ``pos_weight * t * softplus(-x) + (1 - t) * softplus(x)``.

    Yes-or-no classification, one label or many at once, straight from the scores of the last layer. It is both terms of
    a non-saturating adversarial network: the generator's has targets of 1.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logits x.
    target : array, shape of `pred`
        Labels 0 and 1 or probabilities t between them, any real dtype.
    pos_weight : float or array, optional
        Scales the part of the positive label: a number >= 0, or an array that follows the last axes of `pred`, such
        as one number for each label. It scales the loss only, not the weight in a mean. None is 1.
    label_smoothing : float in [0, 1)
        Moves every target towards one half: ``t * (1 - label_smoothing) + label_smoothing / 2``.

    Notes
    -----
    Everything is computed from ``e = exp(-abs(x))``: value, slope and curvature keep all their digits for samples
    that are right and sure, until they underflow. At infinite logits the result is the limit. With soft targets the
    slope is a difference and is accurate relative to the larger part. The curvature
    ``(pos_weight * t + 1 - t) * p * (1 - p)`` is not negative; the bound is at least 1e-16.

    References
    ----------
    .. [1] D. R. Cox, "The Regression Analysis of Binary Sequences", Journal of the Royal Statistical Society B 20
       (1958).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.bce_with_logits(np.array([0.0, 40.0]), np.array([1.0, 1.0]), reduction="none")
    array([6.93147181e-01, 4.24835426e-18])
    """
