"""Negative log-likelihood of a beta distribution."""

from ...declare import OPEN_UNIT, POSITIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import digamma, lgamma, log, log1p, maximum, minimum, polygammas, trigamma_rest


def _beta_lgamma(alpha):
    return lgamma(alpha)


def _beta_lgamma_other(beta):
    return lgamma(beta)


def _beta_lgamma_both(alpha, beta):
    return lgamma(alpha + beta)


def _beta_slopes(alpha):
    bend, _ = polygammas(alpha + 1.0)
    return digamma(alpha), bend


def _beta_slopes_other(beta):
    bend, _ = polygammas(beta + 1.0)
    return digamma(beta), bend


def _beta_slopes_both(alpha, beta):
    bend, _ = polygammas((alpha + beta) + 1.0)
    return digamma(alpha + beta), bend


def _size_bend(target, size):
    """trigamma(size) - trigamma(size + target) - target / (size (size + target)).

    That by a series where the size is large; below 10, of which this is the second, times the square of the size.
    """
    total = size + target
    w = 1.0 / maximum(10.0, size)
    v = 1.0 / maximum(10.0, total)
    far = 0.5 * (target * v * w) * (w + v) + (w * w * w * trigamma_rest(w * w) - v * v * v * trigamma_rest(v * v))
    few = minimum(size, 10.0)
    first, _ = polygammas(few + 1.0)
    last, _ = polygammas(total + 1.0)
    other = few / total
    near = few * (few * (first - last)) - (other * other + few * (target / total))
    return far, near


def _beta_distribution_nll(alpha, beta, target, own, other, both, up, bent, down, other_bent, middle, both_bent):
    chance = log(target)
    rest = log1p(-target)
    value = (own - (alpha - 1.0) * chance) + (other - (beta - 1.0) * rest) - both
    # trigamma(x) is 1 / x^2 and what it is at 1 + x
    total = alpha + beta
    first, second, inverse = 1.0 / alpha, 1.0 / beta, 1.0 / total
    bend = (beta / total) * first * (first + inverse) + (bent - both_bent)
    other_bend = (alpha / total) * second * (second + inverse) + (other_bent - both_bent)
    return value, ((up - middle) - chance, (down - middle) - rest), (bend, other_bend)


@elementwise(
    _beta_distribution_nll,
    stages={
        "own": _beta_lgamma,
        "other": _beta_lgamma_other,
        "both": _beta_lgamma_both,
        "up, bent": _beta_slopes,
        "down, other_bent": _beta_slopes_other,
        "middle, both_bent": _beta_slopes_both,
    },
    differentiable=(0, 1),
    alpha=POSITIVE,
    beta=POSITIVE,
    target=OPEN_UNIT,
    convex=True,
    cost=16.0,
    aliases=("beta_regression", "beta_likelihood"),
)
def beta_distribution_nll(alpha: Array, beta: Array, target: Array, **options: Unpack[Options]) -> Result:
    r"""Negative log-likelihood of a beta distribution, ``log(B) - (alpha - 1) * log(t) - (beta - 1) * log(1 - t)``.

    Shares and rates strictly between 0 and 1, such as fractions of a budget or of a sky that is covered, with their
    spread. B is ``gamma(alpha) * gamma(beta) / gamma(alpha + beta)``; the mean is ``alpha / (alpha + beta)``.
    `beta_nll` is another loss: that of a normal distribution whose gradients are weighted.

    Parameters
    ----------
    alpha, beta : arrays of float32 or float64, any shape
        Predicted concentrations near 1 and near 0, > 0 and finite, of the same dtype.
    target : array, shape of `alpha`
        Observed shares t, any real dtype, in (0, 1).

    Notes
    -----
    Differentiable in `alpha` and in `beta`: gradients and curvatures are pairs, in the dtype of `alpha`. The slope in
    `alpha` is ``digamma(alpha) - digamma(alpha + beta) - log(t)``. Value, slopes and curvatures are differences,
    accurate relative to their largest part: of concentrations in the thousands use float64. The loss is convex in both
    together; the bound is at least 1e-16.

    References
    ----------
    .. [1] S. Ferrari, F. Cribari-Neto, "Beta Regression for Modelling Rates and Proportions", Journal of Applied
       Statistics 31, 2004.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> alpha, beta, share = np.array([1.0, 2.0]), np.array([1.0, 2.0]), np.array([0.25, 0.5])
    >>> nl.beta_distribution_nll(alpha, beta, share, reduction="none").round(4)
    array([ 0.    , -0.4055])
    """
