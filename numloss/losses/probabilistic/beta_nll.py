"""Negative log-likelihood of a normal distribution, weighted by a power of its variance."""

from ...declare import BINARY, NONNEGATIVE, POSITIVE, REAL, UNIT, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, fma, maximum, power
from .gaussian_nll import _gaussian_nll_log


def _beta_nll_weight(var, beta, eps):
    return power(maximum(eps, var), beta)


def _beta_nll(pred, target, var, beta, full, eps, log_v, w):
    error = pred - target
    v = maximum(eps, var)
    # w / v is no smaller and no larger than what it is multiplied by can bear, other than 1 / v
    pull = w / v
    # with what the difference loses to rounding, which would count twice in the square
    rest = difference_rest(pred, target)
    slope = fma(error, pull, rest * pull)
    ratio = error / v
    square = slope * ratio
    value = 0.5 * (w * log_v + slope * error) + 0.9189385332046727 * full * w
    wide = v > 1.0
    bend = slope / v * ratio - 0.5 * (pull / v) if wide else (square - 0.5 * pull) / v
    return value, (slope, 0.5 * (pull - square)), (pull, bend)


@elementwise(
    _beta_nll,
    stages={"log_v": _gaussian_nll_log, "w": _beta_nll_weight},
    target=REAL,
    var=NONNEGATIVE,
    beta=UNIT,
    full=BINARY,
    eps=POSITIVE,
    differentiable=(0, 2),
    kinks="var = eps",
    cost=4.0,
    aliases=("beta_gaussian_nll",),
)
def beta_nll(
    pred: Array,
    target: Array,
    var: Array,
    *,
    beta: float = 0.5,
    full: bool = False,
    eps: float = 1e-6,
    **options: Unpack[Options],
) -> Result:
    r"""Weighted likelihood of a normal distribution, ``var**beta * (log(var) + (pred - target)**2 / var) / 2``.

    `gaussian_nll` pulls least where the variance is large, so that badly predicted samples stay so; the factor, which
    has no gradient, takes that back: with ``beta=1`` means are pulled as by `mse`.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted means.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    var : array, shape of `pred`
        Predicted variances, >= 0.
    beta : float in [0, 1]
        The power of the variance; with 0 it is `gaussian_nll`.
    full : bool
        Adds the constant ``log(2 * pi) / 2`` before the factor.
    eps : float > 0
        Variances below it count as `eps`, in the factor, too.

    Notes
    -----
    Gradients and curvatures, pairs in the dtype of `pred`, are those of `gaussian_nll` times the factor, which is a
    constant: they are not those of the value by differences. The bound lifts curvatures to at least 1e-16.

    References
    ----------
    .. [1] M. Seitzer, A. Tavakoli, D. Antic, G. Martius, "On the Pitfalls of Heteroscedastic Uncertainty Estimation
    with
       Probabilistic Neural Networks", ICLR 2022.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, var = np.array([1.0]), np.array([3.0]), np.array([4.0])
    >>> nl.grad(nl.beta_nll)(pred, target, var, beta=1.0)
    (array([-2.]), array([0.]))
    """
