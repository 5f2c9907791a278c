"""Negative log-likelihood of a negative binomial distribution with zeros of its own."""

from ...declare import NONNEGATIVE, POSITIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import capped, decay, exp, lgamma, log, log1p, log_rest, maximum, minimum, sigmoid
from .beta_distribution_nll import _size_bend
from .negative_binomial_nll import _size_slope, combinations
from .zero_inflated_poisson_nll import _gate_decay, _zero_of_either


def _size_logarithms(size):
    return log(size), lgamma(size if size < 6.5 else 1.0)


def _size_growth(pred, size, log_size):
    """The mean and log(1 + mean / size), also where the ratio overflows."""
    mean = exp(pred)
    ratio = mean / size
    return mean, ratio, pred - log_size if ratio > 1e37 else log1p(ratio)


def _size_counts(target, size, log_size, lgamma_size):
    return combinations(target, size, log_size, lgamma_size)


def _negative_binomial_parts(pred, target, size, log_size, mean, ratio, growth, extra, psi, bent, bent_few):
    """Value, slopes and curvatures by the logarithm of the mean and by the size; the last times size^2, less 1."""
    total = size + target
    up = pred > 0.0
    e = decay(pred)
    large = ratio > 1e37
    pull = target * (log_size if large else pred) if target > 0.0 else 0.0
    small = (mean + ratio * target) * (1.0 - ratio * (0.5 - 0.3333333333333333 * ratio))
    value = ((small if ratio < 1e-6 else (size if large else total) * growth) - pull) + extra
    # of the mean and the size together, the share of each
    base = 1.0 + size * e if up else size + e
    share = (1.0 if up else e) / base
    rest = (size * e if up else size) / base
    middle = size * share if up else e * rest
    slope = middle - target * rest
    bend = rest * (middle + share * target)
    # (mean - target) / (mean + size)
    z = share - target / (mean + size)
    d = (mean - target) / total
    logarithm = pred - log(total) if d > 1e37 else log1p(d)
    near = -log_rest(minimum(0.4, maximum(-0.28, -z)))
    less = -log1p(maximum(-0.5, -z)) - z
    less = -z if z < -1e30 else less
    gained = near if -0.4 < z and z < 0.28 else logarithm - z if z > 0.0 else less
    # NaN stays NaN
    gained = gained if z == z else z
    many = size >= 10.0
    far = bent - z * (z / total)
    # of a small size both terms may overflow
    tiny = bent_few - slope * (slope / total)
    few = (1.0 + tiny) / size / size if size < 1e-9 else (1.0 + bent_few) / size / size - z * (z / total)
    size_bend = far if many else few
    size_bend = size_bend if target > 0.0 else -share * (share / size)
    return value, slope, bend, gained - psi, size_bend, tiny


def _zero_inflated_negative_binomial_nll(
    pred, target, size, gate, e, log_size, lgamma_size, mean, ratio, growth, extra, psi, bent, bent_few
):  # fmt: skip
    none = target == 0.0
    value, slope, bend, by_size, size_bend, _ = _negative_binomial_parts(
        pred, target, size, log_size, mean, ratio, growth, extra, psi, bent, bent_few
    )
    zero, own, by_gate, bend_by_gate = _zero_of_either(gate, e, capped(value))
    nothing = 0.0 if pred == pred else pred
    share = (1.0 if gate > 0.0 else e) / (1.0 + e) + nothing
    rest = (e if gate > 0.0 else 1.0) / (1.0 + e)
    passed = (gate if gate > 0.0 else 0.0) + log1p(e)
    other = sigmoid(gate + capped(value))
    left = own * slope
    left_bend = own * bend - left * (slope * other)
    # an infinite mean leaves nothing of its zeros
    most = capped(by_size)
    size_left = own * most
    size_left_bend = own * size_bend - size_left * (most * other)
    return (
        zero if none else value + passed,
        (left if none else slope, size_left if none else by_size, by_gate if none else share),
        (
            left_bend if none else bend,
            size_left_bend if none else size_bend,
            bend_by_gate if none else share * rest,
        ),
    )


@elementwise(
    _zero_inflated_negative_binomial_nll,
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
    aliases=("zinb_nll", "zero_inflated_negative_binomial"),
)
def zero_inflated_negative_binomial_nll(
    pred: Array, target: Array, size: Array, gate: Array, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of counts that vary much, of which some are zeros of another kind.

    Transcripts of genes in single cells, of which some are never found. With the probability ``p = sigmoid(gate)`` a
    count is 0, otherwise it has a negative binomial distribution with mean ``m = exp(pred)`` and variance ``m + m**2 /
    size``. With ``c = size * log(1 + m / size)`` a zero costs ``-log(p + (1 - p) * exp(-c))``, a count
    ``log(gamma(size) * gamma(1 + target) / gamma(size + target)) + c + target * log((m + size) / m) - log(1 - p)``.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logarithms of predicted means of the counts.
    target : array, shape of `pred`
        Observed counts, any real dtype, >= 0 and finite; fractions are allowed.
    size : array, shape of `pred`
        Predicted sizes, > 0 and finite, of the dtype of `pred`: one over the dispersion, theta of scVI.
    gate : array, shape of `pred`
        Logits of the probability of a zero that is no count.

    Notes
    -----
    Differentiable in `pred`, `size` and `gate`: gradients and curvatures are triples, in the dtype of `pred`. The slope
    in `size` keeps its digits where the size is large and the distribution next to Poisson's: logarithms of gamma and
    their slopes are Stirling's series there. Values, slopes and curvatures are differences, accurate relative to their
    larger part. Curvatures in `size`, and those of a zero, may be negative; the bound is at least 1e-16.

    References
    ----------
    .. [1] R. Lopez, J. Regier, M. B. Cole, M. I. Jordan, N. Yosef, "Deep Generative Modeling for Single-cell
       Transcriptomics", Nature Methods 15, 2018.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, size, gate = np.zeros(2), np.array([0.0, 3.0]), np.array([1.0, 2.0]), np.zeros(2)
    >>> nl.zero_inflated_negative_binomial_nll(pred, target, size, gate, reduction="none").round(4)
    array([0.2877, 3.4136])
    """
