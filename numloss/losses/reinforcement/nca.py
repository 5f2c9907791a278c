"""Noise-contrastive alignment."""

from ...declare import ANY, POSITIVE, REAL, Array, Options, Result, Unpack, elementwise
from ...scalar import difference_rest, log1p_unit
from .dpo import _dpo_decay


def _apart_decay(log_prob, reference, beta):
    apart = log_prob - reference
    return apart, _dpo_decay(apart, difference_rest(log_prob, reference), beta)


def _nca_chosen(chosen, reference_chosen, beta):
    apart, e = _apart_decay(chosen, reference_chosen, beta)
    return apart, e


def _nca_rejected(rejected, reference_rejected, beta):
    apart, e = _apart_decay(rejected, reference_rejected, beta)
    return apart, e


def _nca(chosen, rejected, reference_chosen, reference_rejected, beta, first, e, second, d):
    up = first > 0.0
    own = (0.5 if up else 1.0) * (beta * abs(first)) + 1.5 * log1p_unit(e)
    other = (beta * second if second > 0.0 else 0.0) + log1p_unit(d)
    slope = beta * ((0.5 - e if up else 0.5 * e - 1.0) / (1.0 + e))
    push = 0.5 * beta * ((1.0 if second > 0.0 else d) / (1.0 + d))
    bend = 1.5 * beta * (beta * (e / ((1.0 + e) * (1.0 + e))))
    return own + 0.5 * other, (slope, push), (bend, 0.5 * beta * (beta * (d / ((1.0 + d) * (1.0 + d)))))


@elementwise(
    _nca,
    stages={"first, e": _nca_chosen, "second, d": _nca_rejected},
    differentiable=(0, 1),
    chosen=ANY,
    rejected=ANY,
    reference_chosen=REAL,
    reference_rejected=REAL,
    beta=POSITIVE,
    convex=True,
    cost=6.0,
    aliases=("nca_pair", "noise_contrastive_alignment"),
)
def nca(
    chosen: Array,
    rejected: Array,
    reference_chosen: Array,
    reference_rejected: Array,
    *,
    beta: float = 0.1,
    **options: Unpack[Options],
) -> Result:
    r"""Noise-contrastive alignment of pairs, ``-log(sigmoid(r)) - log(sigmoid(-r)) / 2 - log(sigmoid(-s)) / 2``.

    With ``r = beta * (chosen - reference_chosen)`` and ``s = beta * (rejected - reference_rejected)``: what was chosen
    becomes more probable itself, and not only in relation to what was rejected.

    Parameters
    ----------
    chosen, rejected : arrays of float32 or float64, any shape
        Logarithms of the probabilities that the policy gives to the answers that were chosen and rejected; both are
        differentiated.
    reference_chosen, reference_rejected : arrays, shape of `chosen`
        The same of the reference.
    beta : float > 0
        How much a departure from the reference costs.

    Notes
    -----
    Gradients and curvatures are pairs, in the dtype of `chosen`. That of `chosen` is a difference, which is 0 where its
    share is 2/3; it is accurate relative to its larger part. The bound of the curvature is at least 1e-16.

    References
    ----------
    .. [1] H. Chen et al., "Noise Contrastive Alignment of Language Models with Explicit Rewards", arXiv:2402.05369.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> chosen, rejected, reference = np.array([-10.0]), np.array([-30.0]), np.array([-20.0])
    >>> round(nl.nca(chosen, rejected, reference, reference), 4)
    1.1265
    """
