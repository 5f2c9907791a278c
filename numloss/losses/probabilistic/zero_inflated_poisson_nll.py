"""Negative log-likelihood of a Poisson distribution with zeros of its own."""

from ...declare import BINARY, NONNEGATIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import capped, decay, exp, expm1, lgamma, log1p, log1p_unit, minimum, sigmoid


def _count_rate(pred):
    return exp(pred)


def _count_own(target, full):
    # lgamma(1) is 0
    return lgamma(1.0 + full * target)


def _gate_decay(gate):
    return decay(gate)


def _zero_of_either(gate, e, rate):
    """What no count costs where its probability without the gate is e^-rate; e = e^-|gate|.

    The value, its slopes by the rate and by the gate, and the curvature by the gate.
    """
    closed = gate > 0.0
    # of the gate: probability of one more zero, and that of none
    zero = (1.0 if closed else e) / (1.0 + e)
    open = (e if closed else 1.0) / (1.0 + e)
    some = -expm1(-rate)
    counted = open * some
    far = minimum(-gate, rate) - log1p_unit(decay(gate + rate))
    far = far + ((gate if closed else 0.0) + log1p_unit(e))
    value = -log1p(-counted) if counted < 0.5 else far
    # probability that the zero is one of the counts, and that it is one of the gate
    own = sigmoid(-(gate + rate))
    other = sigmoid(gate + rate)
    by_gate = other * counted
    return value, own, -by_gate, by_gate * (zero - own)


def _zero_inflated_poisson_nll(pred, target, gate, full, rate, own, e):
    none = target == 0.0
    most = capped(rate)
    zero, by_rate, by_gate, bend_by_gate = _zero_of_either(gate, e, most)
    # NaN stays NaN in all
    nothing = 0.0 if pred == pred else pred
    share = (1.0 if gate > 0.0 else e) / (1.0 + e) + nothing
    rest = (e if gate > 0.0 else 1.0) / (1.0 + e)
    passed = (gate if gate > 0.0 else 0.0) + log1p_unit(e)
    # an infinite rate wins over its logarithm
    pull = target * pred if rate < 1e999 else 0.0
    value = zero if none else ((rate - pull) + passed) + own
    left = most * by_rate
    bend = left - left * (most * sigmoid(gate + most)) if none else rate
    slope = left if none else rate - target
    return value, (slope, by_gate if none else share), (bend, bend_by_gate if none else share * rest)


@elementwise(
    _zero_inflated_poisson_nll,
    stages={"rate": _count_rate, "own": _count_own, "e": _gate_decay},
    target=NONNEGATIVE,
    full=BINARY,
    differentiable=(0, 2),
    cost=6.0,
    aliases=("zip_nll", "zero_inflated_poisson"),
)
def zero_inflated_poisson_nll(
    pred: Array, target: Array, gate: Array, *, full: bool = False, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of counts, of which some are zeros that no Poisson distribution has.

    Visits of some who never come, faults of parts that are not in use: with the probability ``p = sigmoid(gate)`` a
    count is 0, otherwise it has a Poisson distribution with mean ``m = exp(pred)``. A zero costs ``-log(p + (1 - p) *
    exp(-m))``, a count ``m - target * pred - log(1 - p)``.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logarithms of predicted means of the counts.
    target : array, shape of `pred`
        Observed counts, any real dtype, >= 0 and finite; fractions are allowed.
    gate : array, shape of `pred`
        Logits of the probability of a zero that is no count.
    full : bool
        Adds ``log(target!)``, which makes the value a log-likelihood that can be compared.

    Notes
    -----
    Differentiable in `pred` and in `gate`: gradients and curvatures are pairs, in the dtype of `pred`. Of a zero the
    slopes are ``m * q``, where q is the probability that it is one of the counts, and minus what it changes that of the
    gate by. The value and the slope of a count are differences, accurate relative to their larger part, as both
    curvatures of a zero are, which may be negative; q has the digits that the exponent ``gate + m`` leaves it. The
    bound is at least 1e-16.

    References
    ----------
    .. [1] D. Lambert, "Zero-Inflated Poisson Regression, with an Application to Defects in Manufacturing",
       Technometrics 34, 1992.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, gate = np.zeros(2), np.array([0.0, 3.0]), np.zeros(2)
    >>> nl.zero_inflated_poisson_nll(pred, target, gate, reduction="none").round(4)
    array([0.3799, 1.6931])
    """
