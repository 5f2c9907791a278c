"""Symmetric absolute relative error."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import sign


def _smape(pred, target, eps):
    mean = 0.5 * abs(pred) + 0.5 * abs(target)
    error = pred - target
    if mean <= eps:
        return abs(error) / eps, sign(error) / eps, 0.0
    if sign(pred) * sign(target) > 0.0 and mean < 1e999:
        side = sign(error)
        force = abs(target) / mean / mean
        return abs(error) / mean, side * force, (-side if pred > 0.0 else side) * force / mean
    # numbers of different signs are as far apart as can be; NaN stays NaN
    rest = 0.0 if pred == pred else pred
    return 2.0 + rest, rest, 0.0


@elementwise(
    _smape,
    target=REAL,
    eps=POSITIVE,
    kinks="pred = target and pred = 0, where the slope is 0",
    least=1.0,
    cost=1.0,
    aliases=("symmetric_mean_absolute_percentage_error",),
)
def smape(pred: Array, target: Array, *, eps: float = 1e-8, **options: Unpack[Options]) -> Result:
    r"""Symmetric relative error ``abs(pred - target) / max((abs(pred) + abs(target)) / 2, eps)``.

    Forecasts of quantities of very different sizes, as in the M competitions; a fraction between 0 and 2, not a
    percentage.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    eps : float > 0
        Means of the absolute values smaller than it count as `eps`.

    Notes
    -----
    At a tie the slope is 0. Numbers of different signs cost 2 whatever their size, with slope 0, and so does a
    prediction of 0: training does not leave that region by this loss alone. The exact curvature is negative above a
    target, positive below, and large where both are small; the bound is at least 1.

    References
    ----------
    .. [1] S. Makridakis, M. Hibon, "The M3-Competition: Results, Conclusions and Implications", International Journal
       of Forecasting 16 (2000).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.smape(np.array([1.0, 30.0, -1.0]), np.array([1.0, 10.0, 5.0]), reduction="none")
    array([0., 1., 2.])
    """
