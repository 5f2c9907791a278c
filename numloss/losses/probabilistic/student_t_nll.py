"""Negative log-likelihood of a Student t distribution."""

from ...declare import BINARY, NONNEGATIVE, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, lgamma, log, log1p, maximum, product_rest, quotient_rest, sign, sqrt
from ..regression.cauchy import _cauchy_weight


def _student_t_constants(df, full):
    constant = lgamma(0.5 * df) - lgamma(0.5 * (df + 1.0)) + 0.5 * log(3.141592653589793 * df)
    return df + 1.0, constant if full > 0.0 else 0.0


def _student_t_nll(pred, target, scale, df, full, eps, more, constant):
    error = pred - target
    size = abs(error)
    b = maximum(eps, scale)
    # the root of df alone would be the one operation that is not done on vectors
    c = sqrt(b) * sqrt(b * df)
    u = size / c
    # log(1 + u^2), even where u^2 would overflow
    logarithm = 2.0 * (log(size) - log(c)) if u > 1e17 else log1p(u * u)
    value = log(b) + 0.5 * more * logarithm + constant
    rest = difference_rest(pred, target)
    # what c lacks to its square being b^2 df, as a rest of the error
    k = c / b
    lack = ((df - k * k) - product_rest(k, k)) - 2.0 * k * quotient_rest(c, 0.0, b, 0.0)
    weight, weight_rest = _cauchy_weight(error, rest - 0.5 * error * (lack / df), c)
    # (df + 1) * r * weight / c^2: within c from the weight, beyond it from its inverse
    far = size > c
    m = (c if far else size) / (size if far else c)
    top = size * weight
    top_rest = product_rest(size, weight) + size * weight_rest + (rest if error > 0.0 else -rest) * weight
    ratio = top / b + quotient_rest(top, top_rest, b, 0.0)
    pull = more / size / (1.0 + m * m) if far else more / df * (ratio / b)
    share = (1.0 - weight) - weight_rest
    part = share / size / size if far else weight / df / b / b
    curvature = more * part * ((2.0 * weight - 1.0) + 2.0 * weight_rest)
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
