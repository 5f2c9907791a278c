"""Negative log-likelihood of counts behind a hurdle."""

from ...declare import BINARY, NONNEGATIVE, Array, Options, Result, Unpack, elementwise
from ...scalar import capped, decay, log1p, log1p_unit
from .weibull_aft import _hazard_curve
from .zero_inflated_poisson_nll import _count_own, _count_rate, _gate_decay


def _above_zero(pred, target, rate):
    """Value, slope and curvature of a count that is known not to be 0: rate - target * pred + log(1 - e^-rate)."""
    most = capped(rate)
    small = most < 1.25
    tiny = most < 1e-17
    more, curve = _hazard_curve(most)
    e = decay(most)
    lost = log1p(-curve / (1.0 if tiny else most)) if small else log1p(-e)
    lost = -0.5 * most if tiny else lost
    # a small rate is next to nothing beside its logarithm, of which a count of 1 has none
    count = target - 1.0 if small else target
    pull = count * pred if rate < 1e999 and count != 0.0 else 0.0
    less = 1.0 if tiny else -more
    mean = 0.5 * most if tiny else curve / less
    slope = mean - count if small else (rate - target) + most * (e / less)
    part = most * less - curve if small else (1.0 - e) - most * e
    bend = 0.5 * most if tiny else most * (part / less / less)
    return (rate + lost) - pull, slope, bend if most == rate else rate


def _hurdle_poisson_nll(pred, target, gate, full, rate, own, e):
    none = target == 0.0
    closed = gate > 0.0
    share = (1.0 if closed else e) / (1.0 + e)
    rest = (e if closed else 1.0) / (1.0 + e)
    near = log1p_unit(e)
    count, slope, bend = _above_zero(pred, target, rate)
    zero = (0.0 if closed else -gate) + near
    passed = (gate if closed else 0.0) + near
    value = zero if none else (count + passed) + own
    # of a zero the prediction says nothing, but NaN stays NaN
    nothing = 0.0 if pred == pred else pred
    return (
        value + nothing,
        (nothing if none else slope, -rest if none else share),
        (
            nothing if none else bend,
            share * rest,
        ),
    )


@elementwise(
    _hurdle_poisson_nll,
    stages={"rate": _count_rate, "own": _count_own, "e": _gate_decay},
    target=NONNEGATIVE,
    full=BINARY,
    differentiable=(0, 2),
    convex=True,
    cost=6.0,
    aliases=("hurdle_poisson", "zero_altered_poisson"),
)
def hurdle_poisson_nll(
    pred: Array, target: Array, gate: Array, *, full: bool = False, **options: Unpack[Options]
) -> Result:
    r"""Negative log-likelihood of counts that are 0 with one probability, and else Poisson counts above 0.

    As `zero_inflated_poisson_nll`, but all zeros are of one kind: with the probability ``p = sigmoid(gate)`` a count is
    0, otherwise it has a Poisson distribution with ``m = exp(pred)`` of which the zeros are left out. A zero costs
    ``-log(p)``, a count ``m - target * pred + log(1 - exp(-m)) - log(1 - p)``: the two can be learned apart.

    Parameters
    ----------
    pred : array of float32 or float64, any shape
        Logarithms of m, the mean of the counts if they had zeros, too.
    target : array, shape of `pred`
        Observed counts, any real dtype, 0 or 1 and above, finite; fractions are allowed.
    gate : array, shape of `pred`
        Logits of the probability of a zero.
    full : bool
        Adds ``log(target!)``, which makes the value a log-likelihood that can be compared.

    Notes
    -----
    Differentiable in `pred` and in `gate`: gradients and curvatures are pairs, in the dtype of `pred`. Of a count the
    slope in `pred` is ``m / (1 - exp(-m)) - target``, of a zero 0. Value and slope are differences, accurate relative
    to their larger part; of a count of 1 and a small m they keep their digits. The loss is convex in both; the bound is
    at least 1e-16.

    References
    ----------
    .. [1] J. Mullahy, "Specification and Testing of Some Modified Count Data Models", Journal of Econometrics 33, 1986.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, gate = np.zeros(2), np.array([0.0, 3.0]), np.zeros(2)
    >>> nl.hurdle_poisson_nll(pred, target, gate, reduction="none").round(4)
    array([0.6931, 1.2345])
    """
