"""Negative log-likelihood of counts that vary much behind a hurdle."""

from ...declare import NONNEGATIVE, POSITIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import capped, decay, expm1, log, log1p, log1p_unit, log_rest, minimum
from .beta_distribution_nll import _size_bend
from .negative_binomial_nll import _size_slope
from .zero_inflated_negative_binomial_nll import (
    _negative_binomial_parts,
    _size_counts,
    _size_growth,
    _size_logarithms,
)
from .zero_inflated_poisson_nll import _gate_decay


def _above_no_count(pred, size, log_size, mean, ratio, growth):
    """log(1 - e^-c) of the cost c = size * growth of no count, its slopes and its curvatures.

    All by the slopes of log(c), which has some where c is next to nothing. The curvature by the size is times size^2.
    """
    up = pred > 0.0
    e = decay(pred)
    base = 1.0 + size * e if up else size + e
    share = (1.0 if up else e) / base
    rest = (size * e if up else size) / base
    tiny = ratio < 1e-17
    least = 1.0 if tiny else capped(growth)
    by_mean = 1.0 if tiny else share / least
    gained = -log_rest(-minimum(0.28, share)) if share < 0.28 else capped(growth) - share
    by_size = 0.5 * share if tiny else gained / least
    cost = minimum(1e4, size * growth)
    left = expm1(-cost)
    flat = cost < 1e-17
    chance = 1.0 if flat else cost * (decay(cost) / -left)
    near = -capped(-pred) if tiny else log_size + log(least)
    value = log1p(-decay(cost)) if cost > 0.7 else log(-left)
    value = near - 0.5 * cost if flat else value
    again = chance + cost
    bend = by_mean * (chance * (rest - by_mean * again))
    size_bend = -chance * (share * by_mean + by_size * (by_size * again))
    # 1 more than that where the size is small, of which by_size is 1 - by_mean
    less = cost * cost * -0.08333333333333333 if cost < 0.01 else chance * again - 1.0
    more = by_mean * (1.0 + by_size) - less * (by_size * by_size) - chance * (share * by_mean)
    return value, by_mean * chance, bend, by_size * chance / size, size_bend, more


def _hurdle_negative_binomial_nll(
    pred, target, size, gate, e, log_size, lgamma_size, mean, ratio, growth, extra, psi, bent, bent_few
):  # fmt: skip
    none = target == 0.0
    closed = gate > 0.0
    share = (1.0 if closed else e) / (1.0 + e)
    rest = (e if closed else 1.0) / (1.0 + e)
    near = log1p_unit(e)
    zero = (0.0 if closed else -gate) + near
    passed = (gate if closed else 0.0) + near
    value, slope, bend, by_size, size_bend, bend_of_small = _negative_binomial_parts(
        pred, target, size, log_size, mean, ratio, growth, extra, psi, bent, bent_few
    )
    some, slope_of_some, bend_of_some, size_of_some, size_bend_of_some, more = _above_no_count(
        pred, size, log_size, mean, ratio, growth
    )
    # of a small size both curvatures may overflow, and their sum not
    both_of_small = (bend_of_small + more) / size / size
    size_bend = both_of_small if size < 1e-9 else size_bend + size_bend_of_some / size / size
    # of a zero the prediction says nothing, but NaN stays NaN
    nothing = 0.0 if pred == pred and size == size else pred + size
    return (
        (zero if none else (value + some) + passed) + nothing,
        (
            nothing if none else slope + slope_of_some,
            nothing if none else by_size + size_of_some,
            -rest if none else share,
        ),
        (
            nothing if none else bend + bend_of_some,
            nothing if none else size_bend,
            share * rest,
        ),
    )


@elementwise(
    _hurdle_negative_binomial_nll,
    stages={
        "e": _gate_decay,
        "log_size, lgamma_size": _size_logarithms,
        "mean, ratio, growth": _size_growth,
        "extra": _size_counts,
        "psi": _size_slope,
        "bent, bent_few": _size_bend,
    },
    target=NONNEGATIVE,
    size=POSITIVE,
    differentiable=(0, 2, 3),
    cost=24.0,
    aliases=("hurdle_negative_binomial", "zero_altered_negative_binomial"),
)
def hurdle_negative_binomial_nll(
    pred: Array, target: Array, size: Array, gate: Array, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of counts that are 0 with one probability, and else vary much above 0.

    As `zero_inflated_negative_binomial_nll`, but all zeros are of one kind: with the probability ``p = sigmoid(gate)``
    a count is 0, otherwise it has a negative binomial distribution with ``m = exp(pred)`` and `size` of which the zeros
    are left out. With ``c = size * log(1 + m / size)`` a zero costs ``-log(p)``, a count ``log(gamma(size) * gamma(1 +
    target) / gamma(size + target)) + c + target * log((m + size) / m) + log(1 - exp(-c)) - log(1 - p)``.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logarithms of m, the mean of the counts if they had zeros, too.
    target : array, shape of `pred`
        Observed counts, any real dtype, 0 or 1 and above, finite; fractions are allowed.
    size : array, shape of `pred`
        Predicted sizes, > 0 and finite, of the dtype of `pred`: one over the dispersion.
    gate : array, shape of `pred`
        Logits of the probability of a zero.

    Notes
    -----
    Differentiable in `pred`, `size` and `gate`: gradients and curvatures are triples, in the dtype of `pred`; of a zero
    those in `pred` and `size` are 0. Values, slopes and curvatures are differences, accurate relative to their larger
    part, also where the mean or the size is next to nothing. Curvatures may be negative; the bound is at least 1e-16.

    References
    ----------
    .. [1] J. Mullahy, "Specification and Testing of Some Modified Count Data Models", Journal of Econometrics 33, 1986.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, size, gate = np.zeros(2), np.array([0.0, 3.0]), np.array([1.0, 2.0]), np.zeros(2)
    >>> nl.hurdle_negative_binomial_nll(pred, target, size, gate, reduction="none").round(4)
    array([0.6931, 2.8258])
    """
