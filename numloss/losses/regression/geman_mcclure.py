"""Geman-McClure loss."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest
from .cauchy import _cauchy_weight


def _geman_mcclure(pred, target, c):
    error = pred - target
    size = abs(error)
    # r^2 / 2 * weight, in a form that does not overflow
    far = size > c
    near = c if far else size
    m = near / (size if far else c)
    value = 0.5 * near * (near / (1.0 + m * m))
    weight, weight_rest = _cauchy_weight(error, difference_rest(pred, target), c)
    # at an infinite error the weight 0 wins; NaN stays NaN
    slope = (error if weight > 0.0 else 0.0) * weight * (weight + 2.0 * weight_rest)
    return value, slope, weight * (weight + 2.0 * weight_rest) * ((4.0 * weight - 3.0) + 4.0 * weight_rest)


@elementwise(_geman_mcclure, target=REAL, tight=True, c=POSITIVE, least=1.0, cost=2.0, aliases=("geman_mcclure_loss",))
def geman_mcclure(pred: Array, target: Array, *, c: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Geman-McClure loss ``(r**2 / 2) / (1 + (r / c)**2)``, ``r = pred - target``.

    Regression and registration with many outliers: the pull of an error beyond `c` fades like ``1 / r**3``, and no
    error costs more than ``c**2 / 2``.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    c : float > 0
        Error beyond which the pull fades.

    Notes
    -----
    The loss is ``r**2 / 2`` near 0. Beyond ``c / sqrt(3)`` the exact curvature ``(1 - 3 * u**2) / (1 + u**2)**3``, ``u
    = r / c``, is negative; it is accurate relative to its larger part. The bound is 1. Squares do not overflow, and an
    infinite error has slope 0.

    References
    ----------
    .. [1] S. Geman, D. E. McClure, "Statistical Methods for Tomographic Image Reconstruction", Bulletin of the
       International Statistical Institute 52 (1987).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.geman_mcclure(np.array([1.0, 1000.0]), np.zeros(2), reduction="none")
    array([0.25     , 0.4999995])
    """
