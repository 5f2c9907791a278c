"""Varifocal loss of logits."""

from ...declare import NONNEGATIVE, UNIT, Array, Options, Result, Unpack, elementwise
from ...scalar import fma
from .bce_with_logits import _decay_of_pred
from .focal import _focal, _focal_near, _focal_power, _focal_tail


def _varifocal(pred, target, alpha, gamma, e, near, near_rest, power, tail):
    faded, fading, fallen = _focal(pred, 0.0, 0.0, alpha, gamma, e, near, near_rest, power, tail)
    found = target > 0.0
    positive = pred > 0.0
    missing = 1.0 - target
    wrong = missing if positive else target
    whole = 1.0 + e
    value = target * fma(wrong, abs(pred) if wrong > 0.0 else 0.0, near)
    up = 1.0 if positive else e
    down = e if positive else 1.0
    slope = target * ((missing * up - target * down) / whole)
    curvature = target * (e / (whole * whole))
    return value if found else faded, slope if found else fading, curvature if found else fallen


@elementwise(
    _varifocal,
    stages={"e": _decay_of_pred, "near, near_rest": _focal_near, "power": _focal_power, "tail": _focal_tail},
    target=UNIT,
    alpha=NONNEGATIVE,
    gamma=NONNEGATIVE,
    cost=8.0,
    aliases=("vfl", "varifocal_loss"),
)
def varifocal(
    pred: Array, target: Array, *, alpha: float = 0.75, gamma: float = 2.0, **options: Unpack[Options]
) -> Result:
    r"""Varifocal loss of logits: ``t`` times the cross-entropy of t, and ``-alpha * p**gamma * log(1 - p)`` for t = 0.

    For detectors whose score of a class is how well the box of it fits: the target t is the IoU of the box for the
    class that is there, and 0 for all others; p is the sigmoid of the logit. Negatives fade as in `focal`, positives
    count as much as they fit.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logits.
    target : array, shape of `pred`
        Qualities t in [0, 1], any real dtype.
    alpha : float >= 0
        Factor of negatives. It scales the loss only, not the weight in a mean.
    gamma : float >= 0
        How fast negatives fade that are easy.

    Notes
    -----
    A target that tends to 0 has a loss that tends to 0; at 0 itself it is a negative. Detectors divide the sum by the
    number of positive targets: take ``reduction="sum"``. Digits of negatives are as in `focal`. Of these the exact
    curvature may be negative; the bound lifts it to 1e-16.

    References
    ----------
    .. [1] H. Zhang, Y. Wang, F. Dayoub, N. Sünderhauf, "VarifocalNet: An IoU-aware Dense Object Detector", CVPR 2021.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.varifocal(np.array([0.0, 0.0, -4.0]), np.array([0.5, 0.0, 0.0]), reduction="none").round(6)
    array([3.46574e-01, 1.29965e-01, 4.00000e-06])
    """
