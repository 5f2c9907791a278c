"""Squared error of logarithms."""

from ...declare import ABOVE_MINUS_ONE, Array, Options, Result, Unpack, elementwise
from ...scalar import log1p, minimum


def _msle_distance(pred, target):
    # the difference of the logarithms, without cancelling, as the logarithm of a ratio above 1
    over = abs(pred - target)
    base = 1.0 + (pred if pred < target else target)
    huge = over > 1e36 and base < 1.0
    ratio = (over * 8.673617379884035e-19 if huge else over) / base
    # 60 halvings kept the ratio finite; log(2^60) puts them back
    return log1p(ratio) + (41.58883083359672 if huge else 0.0)


def _msle(pred, target, distance):
    own = 1.0 + pred
    # an infinite prediction has slope 0
    capped = minimum(1e30, distance)
    signed = -capped if pred < target else capped
    return distance * distance, 2.0 * signed / own, 2.0 * (1.0 - signed) / own / own


@elementwise(
    _msle,
    stages={"distance": _msle_distance},
    pred=ABOVE_MINUS_ONE,
    target=ABOVE_MINUS_ONE,
    cost=2.5,
    aliases=("mean_squared_logarithmic_error", "squared_log_error"),
)
def msle(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Squared error of logarithms, ``(log(1 + pred) - log(1 + target))**2``.

    Counts and amounts that span orders of magnitude: what matters is the ratio, and too low costs more than too high.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions, > -1.
    target : array, shape of `pred`
        Observed values, any real dtype, > -1.

    Notes
    -----
    The difference of logarithms is computed as ``log1p((high - low) / (1 + low))``, which keeps its digits however
    close the two are. The loss is not convex: where ``1 + pred`` is more than e times ``1 + target`` the exact
    curvature ``2 * (1 - d) / (1 + pred)**2``, d the difference, is negative; it is accurate relative to its larger
    part. The bound lifts it to at least 1e-16.

    References
    ----------
    .. [1] C. Tofallis, "A Better Measure of Relative Prediction Accuracy for Model Selection and Model Estimation",
       Journal of the Operational Research Society 66 (2015).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.msle(np.array([0.0, 9.0]), np.array([0.0, 99.0]), reduction="none")
    array([0.        , 5.30189811])
    """
