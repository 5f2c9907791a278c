"""Focal loss of heat maps."""

from ...declare import NONNEGATIVE, UNIT, Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_product, difference_rest, exp, maximum, minimum, power_within
from .bce_with_logits import _decay_of_pred
from .focal import _focal, _focal_near


def _heatmap_power(near, near_rest, alpha):
    # (e / (1 + e))^alpha with another factor 1 / (1 + e)
    return decay_of_product(1.0 + alpha, near, near_rest)


def _heatmap_tail(pred, alpha):
    return decay_of_product(alpha, minimum(1e30, abs(pred)), 0.0)


def _heatmap_reduced(target, beta):
    # (1 - target)^beta, and what the difference lost to rounding, which a power multiplies
    away = 1.0 - target
    lost = difference_rest(1.0, target) / (away if away > 0.0 else 1.0)
    most = minimum(1e30, beta)
    return power_within(away, most) * exp(minimum(80.0, maximum(-1e3, most * lost)))


def _heatmap_focal(pred, target, alpha, beta, e, near, near_rest, power, tail, reduced):
    # a peak is a positive, and everything else a negative that counts less the nearer it is to one
    peak = 1.0 if target >= 1.0 else 0.0
    value, slope, curvature = _focal(pred, peak, 1.0, reduced, alpha, e, near, near_rest, power, tail)
    return value, slope, curvature


@elementwise(
    _heatmap_focal,
    stages={
        "e": _decay_of_pred,
        "near, near_rest": _focal_near,
        "power": _heatmap_power,
        "tail": _heatmap_tail,
        "reduced": _heatmap_reduced,
    },
    target=UNIT,
    alpha=NONNEGATIVE,
    beta=NONNEGATIVE,
    cost=9.0,
    aliases=("gaussian_focal", "gaussian_focal_loss", "penalty_reduced_focal"),
)
def heatmap_focal(
    pred: Array, target: Array, *, alpha: float = 2.0, beta: float = 4.0, **options: Unpack[Options]
) -> Result:
    r"""Focal loss of heat maps: ``-(1 - p)**alpha * log(p)`` at peaks, else less the nearer a target is to one.

    Elsewhere it is ``-(1 - t)**beta * p**alpha * log(1 - p)``. The target t of a key point or the centre of an object
    is a bump of Gaussian shape that is exactly 1 at the peak; p is the sigmoid of the logit, as in CornerNet and
    CenterNet.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logits of the heat map.
    target : array, shape of `pred`
        Heat map t in [0, 1], any real dtype. What is 1 is a peak, nothing else.
    alpha : float >= 0
        How fast what is classified well fades, as `gamma` of `focal`.
    beta : float >= 0
        How fast negatives fade on the slope of a bump.

    Notes
    -----
    The papers divide the sum by the number of peaks, 1 at least: take ``reduction="sum"`` and divide by
    ``max(1, np.count_nonzero(target == 1))``; the mean here is that over all elements. The options have the names of
    the papers; MMDetection calls them alpha and gamma. Digits, and a curvature that may be negative, are as in `focal`.

    References
    ----------
    .. [1] X. Zhou, D. Wang, P. Krähenbühl, "Objects as Points", arXiv:1904.07850.
    .. [2] H. Law and J. Deng, "CornerNet: Detecting Objects as Paired Keypoints", ECCV 2018.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([2.0, 0.0, -4.0]), np.array([1.0, 0.5, 0.0])
    >>> nl.heatmap_focal(pred, target, reduction="none").round(6)
    array([1.804e-03, 1.083e-02, 6.000e-06])
    >>> round(nl.heatmap_focal(pred, target, reduction="sum") / max(1, np.count_nonzero(target == 1)), 4)
    0.0126
    """
