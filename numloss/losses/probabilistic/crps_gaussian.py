"""Continuous ranked probability score of a normal distribution."""

from ...declare import NONNEGATIVE, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import decay_of_product, difference_rest, erf, expm1, maximum, minimum, quotient_rest, sign


def _crps_gaussian(pred, target, scale, eps):
    error = pred - target
    size = abs(error)
    sigma = maximum(eps, scale)
    z = size / sigma
    chance = erf(0.7071067811865476 * z)
    # sqrt(2 / pi) - 1 / sqrt(pi), and what the density at z is less than that at 0
    spread = 0.23369497725510907 + 0.7978845608028654 * expm1(-0.5 * z * z)
    # the exponent needs the digits of z below its last one
    rest = difference_rest(pred, target)
    z_rest = quotient_rest(size, rest if error > 0.0 else -rest, sigma, 0.0)
    density = 0.7978845608028654 * decay_of_product(0.5 * z, z, 2.0 * z_rest)
    curvature = density / sigma
    # z^2 times the curvature, which may be 0 where z is large, in an order in which nothing underflows before the end
    reach = minimum(1e15, z)
    more = reach + (2.0 * z_rest if z < 1e9 else 0.0)
    return size * chance + sigma * spread, (sign(error) * chance, spread), (curvature, reach * (more * curvature))


@elementwise(
    _crps_gaussian,
    target=REAL,
    scale=NONNEGATIVE,
    eps=POSITIVE,
    differentiable=(0, 2),
    convex=True,
    kinks="scale = eps",
    cost=4.0,
    aliases=("gaussian_crps", "crps_normal"),
)
def crps_gaussian(pred: Array, target: Array, scale: Array, *, eps: float = 1e-6, **options: Unpack[Options]) -> Result:
    r"""Continuous ranked probability score of a normal distribution around `pred` with standard deviation `scale`.

    A forecast with its uncertainty, scored in the units of the target: `mae` for forecasts that are distributions, and
    less harsh on outliers than `gaussian_nll`. With ``z = (pred - target) / scale`` it is ``scale * (z * erf(z /
    sqrt(2)) + sqrt(2 / pi) * exp(-z**2 / 2) - 1 / sqrt(pi))``.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted means.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    scale : array, shape of `pred`
        Predicted standard deviations, >= 0.
    eps : float > 0
        Standard deviations below it count as `eps`.

    Notes
    -----
    Differentiable in `pred` and in `scale`: gradients and curvatures are pairs, in the dtype of `pred`. Below `eps` the
    slope in `scale` is the one at `eps`, so that training can leave that region. The slope in `scale` changes sign at
    ``abs(z) = 0.83`` and is accurate relative to its larger part. The score is convex in both; the bound is at least
    1e-16.

    References
    ----------
    .. [1] T. Gneiting, A. E. Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", Journal of the
       American Statistical Association 102 (2007).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, scale = np.array([1.0]), np.array([3.0]), np.array([1.0])
    >>> nl.crps_gaussian(pred, target, scale)
    1.452791821685903
    """
