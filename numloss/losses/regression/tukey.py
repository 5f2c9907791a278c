"""Tukey's biweight."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, product_rest, quotient_rest


def _tukey(pred, target, c):
    error = pred - target
    size = abs(error)
    if size > c:
        return c * (c / 6.0), 0.0, 0.0
    rest = difference_rest(pred, target)
    u = size / c
    square = u * u
    value = error * error * (0.5 + square * (square / 6.0 - 0.5))
    # 1 - u and the weight 1 - u^2, with what they lose to rounding: near u = 1 that is most of them
    gap = c - size
    gap_rest = difference_rest(c, size) - (rest if error > 0.0 else -rest)
    room = gap + gap_rest
    outside = room < 0.0
    part = (0.0 if outside else room) / c
    part_rest = quotient_rest(room, gap_rest - (room - gap), c, 0.0)
    other = 2.0 - part
    weight = part * other
    known = product_rest(part, other) + part * ((2.0 - other) - part) + part_rest * (other - part)
    weight_rest = 0.0 if outside else known
    curvature = weight * (weight + 4.0 * (weight - 1.0)) + weight_rest * (10.0 * weight - 4.0)
    return value, error * weight * (weight + 2.0 * weight_rest), curvature


@elementwise(
    _tukey,
    target=REAL,
    tight=True,
    c=POSITIVE,
    kinks="abs(pred - target) = c, in the curvature only",
    least=1.0,
    cost=1.0,
    aliases=("biweight", "bisquare", "tukey_biweight"),
)
def tukey(pred: Array, target: Array, *, c: float = 4.685, **options: Unpack[Options]) -> Result:
    r"""Tukey's biweight ``c**2 / 6 * (1 - (1 - (r / c)**2)**3)`` up to ``c``, constant beyond, ``r = pred - target``.

    Regression with gross outliers, which do not count at all: errors beyond `c` have slope 0. The default is 95 % as
    efficient as `mse` on normal noise of scale 1; for other noise multiply it by that scale.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    c : float > 0
        Error from which on nothing pulls.

    Notes
    -----
    The loss is ``r**2 / 2`` near 0. The slope ``r * (1 - u**2)**2``, ``u = r / c``, keeps its digits up to `c`. The
    exact curvature ``(1 - u**2) * (1 - 5 * u**2)`` is negative beyond ``c / sqrt(5)``, and accurate relative to its
    larger part; the bound is 1.

    References
    ----------
    .. [1] A. E. Beaton, J. W. Tukey, "The Fitting of Power Series, Meaning Polynomials, Illustrated on
       Band-Spectroscopic Data", Technometrics 16 (1974).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.value_and_grad(nl.tukey)(np.array([1.0, 10.0]), np.zeros(2), c=2.0, reduction="none")
    (array([0.38541667, 0.66666667]), array([0.5625, 0.    ]))
    """
