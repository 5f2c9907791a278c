"""Negative log-likelihood of a Poisson distribution."""

from ...declare import BINARY, NONNEGATIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import exp, lgamma, log


def _poisson_logarithm(pred, log_input):
    return pred if log_input > 0.0 else log(pred)


def _poisson_lgamma(target, full):
    # lgamma(1) is 0
    return lgamma(1.0 + full * target)


def _poisson_nll(pred, target, log_input, full, logarithm, own):
    # no rate is below 0, where its logarithm is NaN
    given = pred if pred >= 0.0 else logarithm
    rate = exp(pred) if log_input > 0.0 else given
    nothing = 0.0 if rate == rate else rate
    # a count of 0 leaves the rate alone, and an infinite rate wins over its logarithm
    pull = target * logarithm if target > 0.0 and rate < 1e999 else 0.0
    slope = rate - target
    share = target / rate if target > 0.0 else nothing
    plain = slope / rate if target > 0.0 and rate < 1e999 else 1.0 + nothing
    value = rate - pull + own
    bend = share / rate if target > 0.0 else nothing
    return value, slope if log_input > 0.0 else plain, rate if log_input > 0.0 else bend


@elementwise(
    _poisson_nll,
    stages={"logarithm": _poisson_logarithm, "own": _poisson_lgamma},
    target=NONNEGATIVE,
    log_input=BINARY,
    full=BINARY,
    convex=True,
    cost=2.0,
    aliases=("poisson_nll_loss", "poisson", "half_poisson_loss"),
)
def poisson_nll(
    pred: Array, target: Array, *, log_input: bool = True, full: bool = False, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of a Poisson distribution with mean ``exp(pred)``: ``exp(pred) - target * pred``.

    Counts and rates: visits, claims, photons. The prediction is the logarithm of the rate, which may be any number; or
    the rate itself, with the loss ``pred - target * log(pred)``.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logarithms of predicted rates; with ``log_input=False`` rates, of which negative ones give NaN.
    target : array, shape of `pred`
        Observed counts, any real dtype, >= 0 and finite; fractions are allowed.
    log_input : bool
        Whether predictions are logarithms.
    full : bool
        Adds ``log(target!)``, exactly and not by Stirling's formula, which makes the value a log-likelihood that can be
        compared.

    Notes
    -----
    Value and slope are differences, accurate relative to their larger part. The curvature is ``exp(pred)``, of rates
    ``target / pred**2``; the bound is at least 1e-16. A rate of 0 has an infinite loss if anything was counted.

    References
    ----------
    .. [1] P. McCullagh, J. A. Nelder, "Generalized Linear Models", 2nd ed., 1989, chapter 6.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.value_and_grad(nl.poisson_nll)(np.zeros(2), np.array([1.0, 3.0]), reduction="none")
    (array([1., 1.]), array([ 0., -2.]))
    >>> nl.poisson_nll(np.zeros(1), np.array([3.0]), full=True)
    2.791759469228055
    """
