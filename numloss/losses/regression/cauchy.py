"""Cauchy loss."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, log, log1p, product_rest, quotient_rest, sign


def _cauchy_weight(error, rest, c):
    """1 / (1 + (r / c)^2) for r = error + rest, and what it lost to rounding."""
    size = abs(error)
    lost = rest if error > 0.0 else -rest
    # m is r / c or its inverse, whichever is below 1: no square overflows
    far = size > c
    near = c if far else size
    other = size if far else c
    m = near / other
    m_rest = quotient_rest(near, 0.0 if far else lost, other, lost if far else 0.0)
    square = m * m
    square_rest = product_rest(m, m) + 2.0 * m * m_rest
    base = 1.0 + square
    base_rest = ((1.0 - base) + square) + square_rest
    top = square if far else 1.0
    return top / base, quotient_rest(top, square_rest if far else 0.0, base, base_rest)


def _cauchy(pred, target, c):
    error = pred - target
    u = abs(error) / c
    # log(1 + u^2) where u^2 would overflow, and r^2 / 2 where it would underflow
    logarithm = 2.0 * (log(abs(error)) - log(c)) if u > 1e17 else log1p(u * u)
    value = (0.5 * c * logarithm) * c
    weight, weight_rest = _cauchy_weight(error, difference_rest(pred, target), c)
    curvature = weight * ((2.0 * weight - 1.0) + 2.0 * weight_rest)
    # r times the weight, which may underflow where this does not
    size = abs(error)
    far = size > c
    m = (c if far else size) / (size if far else c)
    slope = sign(error) * ((c * m if far else size) / (1.0 + m * m))
    return 0.5 * error * error if u < 1e-9 else value, slope, curvature


@elementwise(_cauchy, target=REAL, tight=True, c=POSITIVE, least=1.0, cost=3.0, aliases=("lorentzian", "cauchy_loss"))
def cauchy(pred: Array, target: Array, *, c: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Cauchy loss ``c**2 / 2 * log(1 + (r / c)**2)``, ``r = pred - target``.

    Regression with gross outliers: the pull of an error grows up to `c` and then fades like ``c**2 / r``. With c =
    2.385 times the scale of the noise it is 95 % as efficient as `mse` on normal noise.

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
    The loss is ``r**2 / 2`` near 0. Beyond `c` it is not convex and the exact curvature ``(1 - u**2) / (1 + u**2)**2``,
    ``u = r / c``, is negative; it is a difference, accurate relative to its larger part. The bound is 1. Squares
    neither overflow nor underflow, and an infinite error has slope 0.

    References
    ----------
    .. [1] P. W. Holland, R. E. Welsch, "Robust Regression Using Iteratively Reweighted Least-Squares", Communications
       in Statistics A 6 (1977).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.value_and_grad(nl.cauchy)(np.array([0.5, 100.0]), np.zeros(2), reduction="sum")
    (4.716791959145364, array([0.4     , 0.009999]))
    """
