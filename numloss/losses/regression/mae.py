"""Absolute error."""

from ...declare import REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import sign


def _mae(pred, target):
    error = pred - target
    return abs(error), sign(error), 0.0


@elementwise(
    _mae,
    target=REAL,
    convex=True,
    kinks="pred = target, where the slope is 0",
    least=1.0,
    cost=0.5,
    aliases=("mean_absolute_error", "absolute_error", "l1_loss"),
)
def mae(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Absolute error ``abs(pred - target)``.

    Its minimiser is the conditional median, so a few wild targets do not move it. The gradient does not shrink
    near the optimum; `huber` and `log_cosh` are smooth there.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.

    Notes
    -----
    At a tie the slope is 0, the middle of the subgradients. The exact curvature is 0; the bound is 1, the scale
    that boosted trees use for losses without curvature.

    References
    ----------
    .. [1] P. J. Bloomfield, W. L. Steiger, "Least Absolute Deviations", 1983.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.mae(np.array([1.0, 4.0]), np.array([1.0, 2.0]))
    1.0
    >>> nl.grad(nl.mae)(np.array([1.0, 4.0]), np.array([1.0, 2.0]), reduction="sum")
    array([0., 1.])
    """
