"""Logarithm of the hyperbolic cosine."""

from ...declare import REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import decay, difference_rest, fma, log1p_unit, log_cosh_tail, tanh_tail


def _log_cosh_decay(pred, target):
    return decay(2.0 * abs(pred - target))


def _log_cosh(pred, target, e):
    error = pred - target
    size = abs(error)
    # near 0 value and slope are polynomials; far out e is what is missing to their asymptotes, which cannot overflow
    z = error * error
    near = z < 0.36
    value = (size - 0.6931471805599453) + log1p_unit(e)
    slope = 1.0 - 2.0 * e / (1.0 + e)
    if near:
        value = z * log_cosh_tail(z)
        slope = fma(size, z * tanh_tail(z), size)
    # the curvature is a power of e^error: what the difference loses to rounding would cost it digits
    rest = difference_rest(pred, target)
    e = fma(-2.0 * (-rest if error < 0.0 else rest), e, e)
    return value, -slope if error < 0.0 else slope, 4.0 * e / fma(e, 2.0 + e, 1.0)


@elementwise(
    _log_cosh,
    stages={"e": _log_cosh_decay},
    target=REAL,
    tight=True,
    convex=True,
    least=1.0,
    cost=4.0,
    aliases=("logcosh", "log_cosh_error"),
)
def log_cosh(pred: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Logarithm of the hyperbolic cosine, ``log(cosh(pred - target))``.

    Half the squared error for small errors, the absolute error less ``log(2)`` for large ones: `huber` with a
    smooth transition at 1, for optimisers that want continuous curvature.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.

    Notes
    -----
    Small errors go through ``r**2`` times a polynomial, so the value keeps its digits down to ``r**2 / 2``; large ones
    through ``abs(r) + log1p(exp(-2 * abs(r))) - log(2)``, which never overflows. The curvature ``1 - tanh(r)**2`` is
    computed as ``4 * e / (1 + e)**2`` with ``e = exp(-2 * abs(r))`` and keeps its digits until it underflows; its
    bound is 1.

    References
    ----------
    .. [1] R. A. Saleh, A. K. M. E. Saleh, "Statistical Properties of the log-cosh Loss Function Used in Machine
       Learning", 2022.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.log_cosh(np.array([1e-8, 1000.0]), np.zeros(2), reduction="none")
    array([5.00000000e-17, 9.99306853e+02])
    """
