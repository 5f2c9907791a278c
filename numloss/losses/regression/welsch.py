"""Welsch loss."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_product, difference_rest, expm1, minimum, quotient_rest


def _welsch_square(pred, target, c):
    error = pred - target
    size = abs(error)
    rest = difference_rest(pred, target)
    u = size / c
    # u^2 is an exponent: its digits below the last one are digits of the result
    u_rest = quotient_rest(size, rest if error > 0.0 else -rest, c, 0.0)
    square = u * u + (2.0 * u * u_rest if u < 1e9 else 0.0)
    return u, u_rest, square


def _welsch_decay(u, u_rest):
    return decay_of_product(u, u, 2.0 * u_rest)


def _welsch_gap(square):
    return expm1(-square)


def _welsch(pred, target, c, u, u_rest, square, e, gap):
    error = pred - target
    value = (-0.5 * c * gap) * c
    # at an infinite error e = 0 wins; NaN stays NaN
    slope = (error if e > 0.0 else 0.0) * e
    return 0.5 * error * error if u < 1e-9 else value, slope, (1.0 - 2.0 * minimum(1e30, square)) * e


@elementwise(
    _welsch,
    stages={"u, u_rest, square": _welsch_square, "e": _welsch_decay, "gap": _welsch_gap},
    target=REAL,
    tight=True,
    c=POSITIVE,
    least=1.0,
    cost=4.0,
    aliases=("leclerc", "welsch_loss", "correntropy_loss"),
)
def welsch(pred: Array, target: Array, *, c: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Welsch loss ``c**2 / 2 * (1 - exp(-(r / c)**2))``, ``r = pred - target``.

    Regression with gross outliers, which stop counting altogether: the pull of an error beyond `c` fades exponentially.
    With c = 2.985 times the scale of the noise it is 95 % as efficient as `mse` on normal noise.

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
    The loss is ``r**2 / 2`` near 0 and at most ``c**2 / 2``. The exponent is known to more digits than one number
    holds, so that the pull of far errors keeps its digits until it underflows. Beyond ``c / sqrt(2)`` the exact
    curvature ``(1 - 2 * u**2) * exp(-u**2)``, ``u = r / c``, is negative; it is accurate relative to its larger part.
    The bound is 1.

    References
    ----------
    .. [1] J. E. Dennis, R. E. Welsch, "Techniques for Nonlinear Least Squares and Robust Regression", Communications in
       Statistics B 7 (1978).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.value_and_grad(nl.welsch)(np.array([0.5, 100.0]), np.zeros(2), reduction="sum")
    (0.6105996084642976, array([0.38940039, 0.        ]))
    """
