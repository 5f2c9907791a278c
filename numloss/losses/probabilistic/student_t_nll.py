"""Negative log-likelihood of a Student t distribution."""

from ...declare import BINARY, NONNEGATIVE, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import (
    difference_rest,
    lgamma,
    log,
    log1p,
    maximum,
    power,
    product_rest,
    quotient_rest,
    sign,
    stirling_rest,
)
from ..regression.cauchy import _cauchy_weight


def _student_t_constants(df, full):
    # for many degrees of freedom Stirling's series for the difference of the two logarithms
    half = 0.5 * df
    few = lgamma(half) - lgamma(half + 0.5) + 0.5 * log(3.141592653589793 * df)
    large = maximum(6.5, half)
    w = 1.0 / large
    v = 1.0 / (large + 0.5)
    shrunk = large * log1p(0.5 * w) - 0.5
    many = 0.9189385332046727 - (shrunk + (v * stirling_rest(v * v) - w * stirling_rest(w * w)))
    constant = many if half > 6.5 else few
    # by a power: a root of one number would be the one operation that is not done on vectors
    root = power(df, 0.5)
    root_rest = 0.5 * ((df - root * root) - product_rest(root, root)) / root
    return df + 1.0, root, root_rest, log(df), constant if full > 0.0 else 0.0


def _student_t_nll(pred, target, scale, df, full, eps, more, root, root_rest, log_df, constant):
    error = pred - target
    size = abs(error)
    rest = difference_rest(pred, target)
    lost = rest if error > 0.0 else -rest
    b = maximum(eps, scale)
    log_b = log(b)
    # the error in units of b, and of b times the root of df
    t = size / b
    t_rest = quotient_rest(size, lost, b, 0.0)
    u = t / root
    # log(1 + u^2), even where u^2 would overflow
    logarithm = 2.0 * (log(size) - log_b) - log_df if u > 1e17 else log1p(u * u)
    value = log_b + 0.5 * more * logarithm + constant
    # what the root lacks, as a rest of the error
    weight, weight_rest = _cauchy_weight(t, t_rest - t * (root_rest / root), root)
    # (df + 1) * r * weight / (b^2 df): within the root from the weight, beyond it from its inverse
    far = t > root
    m = (root if far else t) / (t if far else root)
    wide = b > 1.0
    part = size if wide else t
    part_rest = lost if wide else t_rest
    top = part * weight + (product_rest(part, weight) + part * weight_rest + part_rest * weight)
    pull = more / size / (1.0 + m * m) if far else more / df / (b if wide else 1.0) * top / b
    share = (1.0 - weight) - weight_rest
    bend = (2.0 * weight - 1.0) + 2.0 * weight_rest
    curvature = more / size * (share * bend) / size if far else more / df * (weight * bend) / b / b
    by_scale = (1.0 - more * share) / b
    bend_by_scale = (more * share * (1.0 + 2.0 * weight) - 1.0) / b / b
    return value, (sign(error) * pull, by_scale), (curvature, bend_by_scale)


@elementwise(
    _student_t_nll,
    constants=_student_t_constants,
    target=REAL,
    scale=NONNEGATIVE,
    df=POSITIVE,
    full=BINARY,
    eps=POSITIVE,
    differentiable=(0, 2),
    kinks="scale = eps",
    cost=5.0,
    aliases=("student_t", "t_nll"),
)
def student_t_nll(
    pred: Array,
    target: Array,
    scale: Array,
    *,
    df: float = 4.0,
    full: bool = False,
    eps: float = 1e-6,
    **options: Unpack[Options],
) -> Result:
    r"""Negative log-likelihood of a Student t distribution, ``log(scale) + (df + 1) / 2 * log(1 + z**2 / df)``.

    Regression with outliers that also says how sure it is; ``z = (pred - target) / scale``. With few degrees of freedom
    far errors pull little, with many it is `gaussian_nll` of a standard deviation.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted locations.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    scale : array, shape of `pred`
        Predicted scales, >= 0.
    df : float > 0
        Degrees of freedom; 1 is a Cauchy distribution.
    full : bool
        Adds the terms that depend on `df` alone, which makes the value a log-likelihood that can be compared.
    eps : float > 0
        Scales below it count as `eps`.

    Notes
    -----
    Differentiable in `pred` and in `scale`: gradients and curvatures are pairs, in the dtype of `pred`. Below `eps` the
    slope in `scale` is the one at `eps`, so that training can leave that region. The value, the curvature in `pred` and
    everything in `scale` are differences, accurate relative to their larger part. The loss is not convex; the bound
    lifts curvatures to at least 1e-16.

    References
    ----------
    .. [1] K. L. Lange, R. J. A. Little, J. M. G. Taylor, "Robust Statistical Modeling Using the t Distribution",
       Journal of the American Statistical Association 84 (1989).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, scale = np.array([1.0]), np.array([3.0]), np.array([1.0])
    >>> nl.grad(nl.student_t_nll)(pred, target, scale)
    (array([-1.25]), array([-1.5]))
    """
