"""Exponential loss."""

from ...declare import SIGN, Array, Options, Result, Unpack, elementwise
from ...scalar import exp


def _exponential(pred, target):
    side = 1.0 if target > 0.0 else -1.0
    value = exp(-side * pred)
    return value, -side * value, value


@elementwise(_exponential, target=SIGN, convex=True, cost=1.5, aliases=("exponential_loss", "adaboost_loss"))
def exponential(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Exponential loss ``exp(-target * pred)``.

    The loss that AdaBoost descends. Mistakes count exponentially, which makes it the least forgiving of wrong labels;
    `soft_margin` is the usual remedy.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Scores; the sign is the decision.
    target : array, shape of `pred`
        Labels -1 and 1, any real dtype; 0 reads as -1, entry by entry.

    Notes
    -----
    The curvature equals the value; the bound is at least 1e-16. Scores that are wrong by more than the logarithm of the
    largest number, 88 in float32, cost infinity.

    References
    ----------
    .. [1] Y. Freund, R. E. Schapire, "A Decision-Theoretic Generalization of On-Line Learning and an Application to
       Boosting", Journal of Computer and System Sciences 55 (1997).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.exponential(np.array([0.0, 2.0]), np.array([1, 0]), reduction="none")
    array([1.       , 7.3890561])
    """
