"""Fair's loss."""

from ...declare import POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, log1p, minimum, quotient_rest, sign


def _log1p_gap(x):
    """x - log1p(x) for 0 <= x <= 2, where the difference would cancel."""
    s = x / (2.0 + x)
    z = s * s
    p = -0.3690125556696333 + z * 0.45307598214507927
    p = 0.3273368248208389 + z * p
    p = -0.011567291841039783 + z * p
    p = 0.10936530499275852 + z * p
    p = 0.0913870814360054 + z * p
    p = 0.10573473990631396 + z * p
    p = 0.11760593187924458 + z * p
    p = 0.1333358524851032 + z * p
    p = 0.15384604852597078 + z * p
    p = 0.1818181846815291 + z * p
    p = 0.2222222221754849 + z * p
    p = 0.28571428571468416 + z * p
    p = 0.3999999999999987 + z * p
    p = 0.6666666666666666 + z * p
    return s * (x - z * p)


def _fair(pred, target, c):
    error = pred - target
    size = abs(error)
    rest = difference_rest(pred, target)
    lost = rest if error > 0.0 else -rest
    u = size / c
    u_rest = quotient_rest(size, lost, c, 0.0)
    base = 1.0 + u
    # an infinite error has the slope c
    finite = u < 1e30
    near = c * (c * (_log1p_gap(u) + u_rest * (u / base)))
    value = near if u < 2.0 else c * ((size - c * log1p(minimum(1e30, u))) + lost)
    slope = error / base if finite else c * sign(error)
    weight = 1.0 / base
    base_rest = (((1.0 - base) + u) if u < 1.0 else ((u - base) + 1.0)) + u_rest
    weight_rest = quotient_rest(1.0, 0.0, base, base_rest if finite else 0.0)
    least = 0.5 * error * error * (1.0 - 0.6666666666666666 * u)
    return least if u < 1e-9 else value, slope, weight * (weight + 2.0 * weight_rest)


@elementwise(_fair, target=REAL, tight=True, c=POSITIVE, convex=True, least=1.0, cost=3.0, aliases=("fair_loss",))
def fair(pred: Array, target: Array, *, c: float = 1.0, **options: Unpack[Options]) -> Result:
    r"""Fair's loss ``c**2 * (abs(r) / c - log(1 + abs(r) / c))``, ``r = pred - target``.

    Between `mse` and `mae`: ``r**2 / 2`` for small errors, ``c * abs(r)`` for large ones, with derivatives of every
    order away from 0. With c = 1.3998 times the scale of the noise it is 95 % as efficient as `mse` on normal noise.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predictions.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    c : float > 0
        Error around which the parabola turns into a line.

    Notes
    -----
    The difference of two nearly equal numbers is summed as a series for ``abs(r) < 2 * c``, so the value keeps its
    digits down to ``r**2 / 2``. The curvature ``1 / (1 + abs(r) / c)**2`` is positive; its bound is 1.

    References
    ----------
    .. [1] R. C. Fair, "On the Robust Estimation of Econometric Models", Annals of Economic and Social Measurement 3
       (1974).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.fair(np.array([1e-10, 1.0]), np.zeros(2), reduction="none")
    array([5.00000000e-21, 3.06852819e-01])
    """
