"""Absolute relative error."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import maximum, sign


def _mape(pred, target, eps):
    error = pred - target
    size = maximum(eps, abs(target))
    return abs(error) / size, sign(error) / size, 0.0


@elementwise(
    _mape,
    target=REAL,
    eps=POSITIVE,
    convex=True,
    kinks="pred = target, where the slope is 0",
    least=1.0,
    cost=0.5,
    aliases=("mean_absolute_percentage_error", "relative_error"),
)
def mape(pred: Array, target: Array, *, eps: float = 1e-8, **options: Unpack[Options]) -> Result:
    r"""Absolute relative error ``abs(pred - target) / max(abs(target), eps)``.

    Forecasts of quantities of very different sizes; a fraction, not a percentage. It punishes predictions that are too
    high more than those too low: a prediction of 0 costs 1 at most.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    eps : float > 0
        Targets smaller than it count as `eps`.

    Notes
    -----
    At a tie the slope is 0. The exact curvature is 0; the bound is 1.

    References
    ----------
    .. [1] S. Makridakis, "Accuracy Measures: Theoretical and Practical Concerns", International Journal of Forecasting
       9 (1993).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.mape(np.array([1.5, 30.0]), np.array([1.0, 40.0]), reduction="none")
    array([0.5 , 0.25])
    """
