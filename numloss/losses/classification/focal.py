"""Focal loss of logits."""

from ...declare import NONNEGATIVE, UNIT, Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_product, fma, log1p_unit_pair, minimum
from .bce_with_logits import _decay_of_pred


def _focal_near(e):
    # minus the logarithm of the likely label's probability, and a rest below its last digit
    near, near_rest = log1p_unit_pair(e)
    return near, near_rest


def _focal_power(near, near_rest, gamma):
    # (e / (1 + e))^gamma with another factor 1 / (1 + e)
    return decay_of_product(1.0 + gamma, near, near_rest)


def _focal_tail(pred, gamma):
    return decay_of_product(gamma, minimum(1e30, abs(pred)), 0.0)


def _focal(pred, target, alpha, other, gamma, e, near, near_rest, power, tail):
    yes = target if alpha < 0.0 else alpha * target
    no = 1.0 - target if alpha < 0.0 else other * (1.0 - target)
    positive = pred > 0.0
    # shares of the label that the sign of the logit stands for, and of the other one
    right = yes if positive else no
    wrong = no if positive else yes
    # minus the logarithms of the two probabilities 1 / (1 + e) and e / (1 + e) are near and far; finite, so that
    # products with e^-inf = 0 are 0
    size = minimum(1e30, abs(pred))
    far = size + near
    # the powers of both with another factor 1 / (1 + e), which the slope has too
    likely = wrong * power
    unlikely = right * (power * tail)
    whole = 1.0 + e
    # a power so high that its squares would overflow leaves nothing of what they multiply
    most = minimum(1e15, gamma)
    odds = minimum(1e15, gamma * e)
    # the cost of the wrong label reaches infinity with the logit
    cost = likely * (whole * (abs(pred) + near)) if wrong > 0.0 else 0.0
    slope = likely * fma(gamma * e, far, 1.0) - unlikely * fma(gamma, near, e)
    fall = likely * fma(odds, fma(far, odds - 1.0, 2.0), e)
    rise = unlikely * fma(most, fma(e, 2.0 - near, most * near), e)
    return fma(unlikely, whole * near, cost), slope if positive else -slope, (fall + rise) / whole


@elementwise(
    _focal,
    stages={"e": _decay_of_pred, "near, near_rest": _focal_near, "power": _focal_power, "tail": _focal_tail},
    target=UNIT,
    alpha=UNIT,
    gamma=NONNEGATIVE,
    none={"alpha": -1.0},
    derived={"other": lambda alpha: 1.0 - alpha},
    cost=8.0,
    aliases=("sigmoid_focal_loss", "binary_focal_crossentropy", "sigmoid_focal_crossentropy"),
)
def focal(
    pred: Array, target: Array, *, alpha: float | None = None, gamma: float = 2.0, **options: Unpack[Options]
) -> Result:
    r"""Focal loss ``-alpha * t * (1 - p)**gamma * log(p) - (1 - alpha) * (1 - t) * p**gamma * log(1 - p)`` of logits.

    Binary cross-entropy that fades for samples that are classified well, for detection and other problems where easy
    negatives outnumber everything else; p is the sigmoid of the logit.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logits.
    target : array, shape of `pred`
        Labels 0 and 1 or probabilities t between them, any real dtype.
    alpha : float in [0, 1], optional
        Share of the positive label; None leaves both factors out. It scales the loss only, not the weight in a mean.
    gamma : float >= 0
        How fast easy samples fade; 0 gives `bce_with_logits`.

    Notes
    -----
    A soft target gives the expected loss of a label drawn with that probability. Powers are taken of logarithms of
    probabilities, which are known to all digits even where the probability rounds to 1; so slopes are right for
    gamma < 1 too. The loss is not convex: for samples that are very wrong the exact curvature is negative, and the
    bound lifts it to 1e-16.

    References
    ----------
    .. [1] T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollar, "Focal Loss for Dense Object Detection", ICCV 2017.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.focal(np.array([0.0, 4.0]), np.array([1.0, 1.0]), reduction="none")
    array([1.73286795e-01, 5.87156972e-06])
    """
