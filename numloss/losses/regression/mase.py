"""Absolute error in a scale."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import sign


def _mase(pred, target, scale):
    error = pred - target
    return abs(error) / scale, sign(error) / scale, 0.0


@elementwise(
    _mase,
    target=REAL,
    scale=POSITIVE,
    per_element=("scale",),
    convex=True,
    kinks="pred = target, where the slope is 0",
    least=1.0,
    cost=0.6,
    aliases=("mean_absolute_scaled_error",),
)
def mase(pred: Array, target: Array, *, scale: float | Array, **options: Unpack[Options]) -> Result:
    r"""Absolute error in a scale, ``abs(pred - target) / scale``: the scale is the error of a naive forecast.

    Forecasts of many series of different sizes: below 1 they are better than repeating what was one season before.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Forecasts, for instance a series a row.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    scale : float or array > 0
        The mean error of the naive forecast where a model was fitted: a number, or an array that fits the last axes of
        `pred`, of shape (N, 1) for a number of each of N rows. Of a history with m steps a season it is
        ``np.abs(history[:, m:] - history[:, :-m]).mean(axis=1, keepdims=True)``.

    Notes
    -----
    A scale of 0, that of a constant series, is refused: leave such series out by a weight of 0 and a scale of 1. The
    mean is over all values, of series of one length that of their errors; sums add up over batches. Errors over the
    sum of sizes are `wape`. At a tie the slope is 0. The exact curvature is 0; the bound is 1.

    References
    ----------
    .. [1] R. J. Hyndman, A. B. Koehler, "Another Look at Measures of Forecast Accuracy", International Journal of
       Forecasting 22 (2006).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> history = np.array([[1.0, 2.0, 4.0], [10.0, 30.0, 20.0]])
    >>> scale = np.abs(history[:, 1:] - history[:, :-1]).mean(axis=1, keepdims=True)
    >>> pred, target = np.array([[4.0, 6.0], [20.0, 20.0]]), np.array([[4.0, 3.0], [35.0, 20.0]])
    >>> nl.mase(pred, target, scale=scale)
    0.75
    """
