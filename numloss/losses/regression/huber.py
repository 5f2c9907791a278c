"""Huber's loss."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import sign


def _huber(pred, target, delta):
    error = pred - target
    size = abs(error)
    if size <= delta:
        return 0.5 * error * error, error, 1.0
    return delta * (size - 0.5 * delta), delta * sign(error), 0.0


@elementwise(
    _huber,
    target=REAL,
    tight=True,
    delta=POSITIVE,
    convex=True,
    kinks="abs(pred - target) = delta, in the curvature only",
    least=1.0,
    cost=0.5,
    aliases=("huber_loss",),
)
def huber(pred: Array, target: Array, *, delta: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Huber's loss ``r**2 / 2`` up to ``delta`` and ``delta * (abs(r) - delta / 2)`` beyond, ``r = pred - target``.

    Regression with outliers: errors above `delta` pull with a constant force instead of one that grows.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    delta : float > 0
        Where the parabola turns into a line.

    Notes
    -----
    Value and slope are continuous at ``abs(r) = delta``. The exact curvature is 1 up to and including that point
    and 0 beyond; the bound is 1 everywhere.

    References
    ----------
    .. [1] P. J. Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35 (1964).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.huber(np.array([0.5, 3.0]), np.zeros(2), reduction="none")
    array([0.125, 2.5  ])
    """
