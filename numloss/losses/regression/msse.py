"""Squared error in a scale."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise


def _msse(pred, target, scale):
    # scaled before it is squared: squares of large errors overflow where those of small ones do not
    error = (pred - target) / scale
    return error * error, 2.0 * error / scale, 2.0 / scale / scale


@elementwise(
    _msse,
    target=REAL,
    scale=POSITIVE,
    per_element=("scale",),
    tight=True,
    convex=True,
    cost=0.6,
    aliases=("mean_squared_scaled_error",),
)
def msse(pred: Array, target: Array, *, scale: float | Array, **options: Unpack[Options]) -> Result:
    r"""Squared error in a scale, ``((pred - target) / scale)**2``.

    Forecasts of many series of different sizes, where large errors count with their squares.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Forecasts, for instance a series a row.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    scale : float or array > 0
        The root mean squared error of the naive forecast where a model was fitted: a number, or an array that fits the
        last axes of `pred`, of shape (N, 1) for a number of each of N rows. Of a history with m steps a season it is
        ``np.sqrt(((history[:, m:] - history[:, :-m])**2).mean(axis=1, keepdims=True))``.

    Notes
    -----
    The root of the mean of each series is `rmsse`; here the mean is over all values, and sums add up over batches. A
    scale of 0, that of a constant series, is refused. The curvature is ``2 / scale**2``.

    References
    ----------
    .. [1] R. J. Hyndman, A. B. Koehler, "Another Look at Measures of Forecast Accuracy", International Journal of
       Forecasting 22 (2006).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.msse(np.array([[4.0, 6.0]]), np.array([[4.0, 3.0]]), scale=np.array([[2.0]]), reduction="none")
    array([[0.  , 2.25]])
    """
