"""Squared error."""

from ...declare import REAL, Array, Options, Result, Unpack, elementwise


def _mse(pred, target):
    error = pred - target
    return error * error, 2.0 * error, 2.0


@elementwise(
    _mse,
    target=REAL,
    tight=True,
    convex=True,
    least=0.0,
    cost=0.5,
    aliases=("mean_squared_error", "squared_error", "l2_loss", "lsgan"),
)
def mse(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Squared error ``(pred - target)**2``, without a factor one half.

    The default for regression: its minimiser is the conditional mean. Every outlier counts with its square;
    `huber` and `log_cosh` limit that. Of scores with targets of 0 and 1 it is both terms of a least-squares GAN.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.

    Notes
    -----
    The difference is rounded once, so value and slope are right to two units in the last place however close the
    arguments are. The curvature is 2 everywhere, which is also its bound.

    References
    ----------
    .. [1] T. Hastie, R. Tibshirani, J. Friedman, "The Elements of Statistical Learning", 2nd ed., 2009, section 2.4.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.mse(np.array([1.0, 4.0]), np.array([1.0, 2.0]))
    2.0
    """
