"""Squared error outside a tube."""

from ...declare import NONNEGATIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, sign


def _squared_epsilon_insensitive(pred, target, epsilon):
    error = pred - target
    rest = difference_rest(pred, target)
    # just outside the tube, what the difference lost to rounding would be most of the excess
    excess = (abs(error) - epsilon) + (rest if error > 0.0 else -rest)
    inside = excess <= 0.0
    beyond = 0.0 if inside else excess
    return beyond * beyond, 2.0 * sign(error) * beyond, 0.0 if inside else 2.0


@elementwise(
    _squared_epsilon_insensitive,
    target=REAL,
    epsilon=NONNEGATIVE,
    convex=True,
    kinks="abs(pred - target) = epsilon, in the curvature only",
    least=2.0,
    cost=0.5,
    aliases=("squared_epsilon_insensitive_loss", "l2_svr_loss"),
)
def squared_epsilon_insensitive(
    pred: Array, target: Array, *, epsilon: float = 0.1, **options: Unpack[Options]
) -> Result:
    r"""Squared error outside a tube, ``max(0, abs(pred - target) - epsilon)**2``.

    Support vector regression with squared slack: errors up to `epsilon` cost nothing, larger ones grow as in `mse`, and
    the slope has no jump.

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
    What ``pred - target`` loses to rounding is put back, so value and slope keep their digits just outside the edge of
    the tube. The exact curvature is 2 outside and 0 inside and on the edge; the bound is 2.

    References
    ----------
    .. [1] R.-E. Fan, K.-W. Chang, C.-J. Hsieh, X.-R. Wang, C.-J. Lin, "LIBLINEAR: A Library for Large Linear
       Classification", Journal of Machine Learning Research 9 (2008).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.squared_epsilon_insensitive(np.array([0.25, -2.0]), np.zeros(2), epsilon=0.5, reduction="none")
    array([0.  , 2.25])
    """
