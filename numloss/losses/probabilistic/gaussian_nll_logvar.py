"""Negative log-likelihood of a normal distribution of given log-variance."""

from ...declare import BINARY, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import exp


def _gaussian_nll_logvar(pred, target, log_var, full):
    error = pred - target
    # one over the standard deviation; an error of 0 is none however small that is
    precision = exp(-0.5 * log_var)
    force = precision if error != 0.0 else 0.0
    scaled = force * error
    nll = 0.5 * scaled * scaled
    value = (0.5 * log_var + nll) + 0.9189385332046727 * full
    return value, (scaled * force, 0.5 - nll), (precision * precision, nll)


@elementwise(
    _gaussian_nll_logvar,
    target=REAL,
    full=BINARY,
    differentiable=(0, 2),
    cost=2.0,
    aliases=("gaussian_nll_log_variance",),
)
def gaussian_nll_logvar(
    pred: Array, target: Array, log_var: Array, *, full: bool = False, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of a normal distribution, ``(log_var + (pred - target)**2 * exp(-log_var)) / 2``.

    `gaussian_nll` for models that predict the logarithm of the variance, which may be any number: no floor, no
    clipping.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Predicted means.
    target : array, shape of `pred`
        Observed values, any real dtype, not NaN.
    log_var : array, shape of `pred`
        Predicted logarithms of variances.
    full : bool
        Adds the constant ``log(2 * pi) / 2``, which makes the value a log-likelihood that can be compared.

    Notes
    -----
    Differentiable in `pred` and in `log_var`: gradients and curvatures are pairs, in the dtype of `pred`. The value and
    the slope in `log_var` are differences, accurate relative to their larger part. The loss is convex in each of the
    two, not in both together; the bound is at least 1e-16.

    References
    ----------
    .. [1] A. Kendall, Y. Gal, "What Uncertainties Do We Need in Bayesian Deep Learning for Computer Vision?", NeurIPS
       2017.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, log_var = np.array([1.0]), np.array([3.0]), np.array([0.0])
    >>> nl.gaussian_nll_logvar(pred, target, log_var)
    2.0
    >>> nl.grad(nl.gaussian_nll_logvar)(pred, target, log_var)
    (array([-2.]), array([-1.5]))
    """
