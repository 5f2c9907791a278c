"""Logistic loss of scores."""

from ...declare import SIGN, Array, Options, Result, Unpack, elementwise
from ...scalar import log1p_unit
from .bce_with_logits import _decay_of_pred


def _soft_margin(pred, target, e):
    side = 1.0 if target > 0.0 else -1.0
    wrong = side * pred <= 0.0
    value = (abs(pred) if wrong else 0.0) + log1p_unit(e)
    slope = -side * ((1.0 if wrong else e) / (1.0 + e))
    return value, slope, e / ((1.0 + e) * (1.0 + e))


@elementwise(
    _soft_margin,
    stages={"e": _decay_of_pred},
    target=SIGN,
    convex=True,
    cost=2.5,
    aliases=("soft_margin_loss", "logistic_loss", "log_loss_of_margins"),
)
def soft_margin(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Logistic loss ``log(1 + exp(-target * pred))`` of scores and labels -1 and 1.

    `bce_with_logits` for labels of support vector machines: every sample counts, those on the right side less and less.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Scores; the sign is the decision.
    target : array, shape of `pred`
        Labels -1 and 1, any real dtype; 0 reads as -1, entry by entry.

    Notes
    -----
    Everything is computed from ``exp(-abs(x))``: value, slope and curvature keep their digits until they underflow, and
    infinite scores have their limits. The curvature ``p * (1 - p)`` is not negative; the bound is at least 1e-16.

    References
    ----------
    .. [1] J. Friedman, T. Hastie, R. Tibshirani, "Additive Logistic Regression: A Statistical View of Boosting", Annals
       of Statistics 28 (2000).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.soft_margin(np.array([0.0, 40.0]), np.array([1, 1]), reduction="none")
    array([6.93147181e-01, 4.24835426e-18])
    """
