"""Smooth absolute error."""

from ...declare import NONNEGATIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import sign


def _smooth_l1(pred, target, beta):
    error = pred - target
    size = abs(error)
    if size < beta:
        return 0.5 * error * (error / beta), error / beta, 1.0 / beta
    return size - 0.5 * beta, sign(error), 0.0


@elementwise(
    _smooth_l1,
    target=REAL,
    tight=True,
    beta=NONNEGATIVE,
    convex=True,
    kinks="abs(pred - target) = beta, in the curvature only unless beta = 0",
    least=1.0,
    cost=0.5,
    aliases=("smooth_l1_loss",),
)
def smooth_l1(pred: Array, target: Array, *, beta: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Rounded absolute error ``r**2 / (2 * beta)`` to ``beta``, ``abs(r) - beta / 2`` beyond, ``r = pred - target``.

    The loss of box regression in detectors: `mae` with its kink rounded off. It is `huber` divided by its `delta`, so
    that the slope far out is 1 for every `beta`.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    beta : float >= 0
        Where the parabola turns into a line; 0 gives `mae`.

    Notes
    -----
    Value and slope are continuous at ``abs(r) = beta``. The exact curvature is ``1 / beta`` below and 0 from there on;
    the bound is at least 1. With ``beta=0`` the slope of a tie is 0.

    References
    ----------
    .. [1] R. Girshick, "Fast R-CNN", ICCV 2015.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.smooth_l1(np.array([0.25, 3.0]), np.zeros(2), beta=0.5, reduction="none")
    array([0.0625, 2.75  ])
    """
