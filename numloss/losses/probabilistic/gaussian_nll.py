"""Negative log-likelihood of a normal distribution."""

from ...declare import BINARY, NONNEGATIVE, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import log, maximum


def _gaussian_nll_log(var, eps):
    return log(maximum(eps, var))


def _gaussian_nll(pred, target, var, full, eps, log_v):
    error = pred - target
    v = maximum(eps, var)  # a NaN stays NaN
    precision = 1.0 / v
    ratio = error / v
    nll = error * ratio
    value = 0.5 * (log_v + nll) + 0.9189385332046727 * full
    # squares of the ratio alone: those of the error overflow where these do not
    slope_var = 0.5 * precision - 0.5 * ratio * ratio
    sure = (ratio * ratio - 0.5 * precision) * precision
    curvature_var = sure if precision > 1.0 else ratio * (ratio * precision) - 0.5 * precision * precision
    return value, (ratio, slope_var), (precision, curvature_var)


@elementwise(
    _gaussian_nll,
    stages={"log_v": _gaussian_nll_log},
    target=REAL,
    var=NONNEGATIVE,
    full=BINARY,
    eps=POSITIVE,
    differentiable=(0, 2),
    kinks="var = eps",
    cost=2.0,
    aliases=("gaussian_nll_loss", "normal_nll", "heteroscedastic_regression"),
)
def gaussian_nll(
    pred: Array, target: Array, var: Array, *, full: bool = False, eps: float = 1e-6, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of a normal distribution, ``(log(var) + (pred - target)**2 / var) / 2``.

    Regression that also says how sure it is: a model predicts a mean and a variance for each sample.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted means.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    var : array, shape of `pred`
        Predicted variances, >= 0.
    full : bool
        Adds the constant ``log(2 * pi) / 2``, which makes the value a log-likelihood that can be compared.
    eps : float > 0
        Variances below it count as `eps`.

    Notes
    -----
    Differentiable in `pred` and in `var`: gradients and curvatures are pairs, in the dtype of `pred`. Below `eps` the
    slope in `var` is the one at `eps`, so that training can leave that region. The slope and the curvature in `var`
    are differences, accurate relative to their larger part. The loss is convex in `pred`, not in `var`; the bound
    lifts curvatures to at least 1e-16.

    References
    ----------
    .. [1] D. A. Nix, A. S. Weigend, "Estimating the Mean and Variance of the Target Probability Distribution",
       ICNN 1994.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, var = np.array([1.0]), np.array([3.0]), np.array([4.0])
    >>> nl.gaussian_nll(pred, target, var)
    1.1931471805599454
    >>> nl.grad(nl.gaussian_nll)(pred, target, var)
    (array([-0.5]), array([0.]))
    """
