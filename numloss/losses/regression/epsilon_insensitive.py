"""Absolute error outside a tube."""

from ...declare import NONNEGATIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, sign


def _epsilon_insensitive(pred, target, epsilon):
    error = pred - target
    rest = difference_rest(pred, target)
    # just outside the tube, what the difference lost to rounding would be most of the excess
    excess = (abs(error) - epsilon) + (rest if error > 0.0 else -rest)
    inside = excess <= 0.0
    # NaN stays NaN
    return 0.0 if inside else excess, 0.0 if inside else sign(error), 0.0


@elementwise(
    _epsilon_insensitive,
    target=REAL,
    epsilon=NONNEGATIVE,
    convex=True,
    kinks="abs(pred - target) = epsilon, where the slope is 0",
    least=1.0,
    cost=0.5,
    aliases=("epsilon_insensitive_loss", "svr_loss"),
)
def epsilon_insensitive(pred: Array, target: Array, *, epsilon: float = 0.1, **options: Unpack[Options]) -> Result:
    r"""Absolute error outside a tube, ``max(0, abs(pred - target) - epsilon)``.

    The loss of support vector regression: errors up to `epsilon` cost nothing, larger ones grow as in `mae`.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    epsilon : float >= 0
        Half the width of the tube in which an error costs nothing.

    Notes
    -----
    On the edge of the tube the slope is 0. What ``pred - target`` loses to rounding is put back, so the value keeps its
    digits just outside the edge and the slope is 0 exactly within. The exact curvature is 0; the bound is 1.

    References
    ----------
    .. [1] H. Drucker, C. J. C. Burges, L. Kaufman, A. Smola, V. Vapnik, "Support Vector Regression Machines", NIPS
       1996.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.epsilon_insensitive(np.array([0.25, -2.0]), np.zeros(2), epsilon=0.5, reduction="none")
    array([0. , 1.5])
    """
