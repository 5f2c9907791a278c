"""Jensen-Shannon divergence."""

from ...declare import ANY, OPEN_UNIT, Array, Options, Result, Unpack, rowwise
from ...loops.codes import DISTRIBUTION, LOG_PROBABILITIES, SUM
from ...scalar import exp, log, log1p


def _js_div(score, target, beta, other):
    q = exp(score)
    own = other * q
    m = beta * target + own
    middle = m if m > 0.0 else 1.0
    difference = target - q
    # the logarithms of target / m and q / m, from the difference where they are near 1
    target_ratio = target / middle
    q_ratio = q / middle
    target_near = log1p(other * difference / middle)
    q_near = log1p(-beta * difference / middle)
    target_far = log(target_ratio)
    q_far = log(q_ratio)
    by_target = target_near if target_ratio > 0.5 else target_far
    by_q = q_near if q_ratio > 0.5 else q_far
    first = beta * target * by_target if target > 0.0 else 0.0
    slope = own * by_q if q > 0.0 else own
    return first + slope, slope, slope + own * beta * target_ratio


@rowwise(
    _js_div,
    law_inputs=2,
    classes=SUM,
    scores=LOG_PROBABILITIES,
    target=DISTRIBUTION,
    eager=True,
    pred=ANY,
    beta=OPEN_UNIT,
    derived={"other": lambda beta: 1.0 - beta},
    cost=8.0,
    aliases=("jensen_shannon_divergence", "jsd"),
)
def js_div(
    pred: Array,
    target: Array,
    *,
    beta: float = 0.5,
    from_logits: bool = False,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Jensen-Shannon divergence ``beta * KL(target || m) + (1 - beta) * KL(p || m)``, m their mixture.

    p is the softmax of pred or what it is the logarithm of, and ``m = beta * target + (1 - beta) * p``. Unlike `kl_div`
    it is bounded, and forgives what the target has and the prediction lacks. It is summed over the classes, then
    averaged over the rows.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Log-probabilities; logits with ``from_logits=True``.
    target : array of floats with the shape of pred
        Distribution over the classes, >= 0.
    beta : float in (0, 1)
        Share of the target in the mixture.
    from_logits : bool
        pred holds logits: a log-softmax is taken in the same pass.

    Returns
    -------
    float, or array of shape (N, d1, ...) for ``reduction="none"``

    Raises
    ------
    TypeError
        If pred is not floating.
    ValueError
        If shapes differ, target has a negative or NaN entry, or beta is outside (0, 1).

    Notes
    -----
    Each row is a sum of two terms for each class, of either sign; within 8 ulp of the largest. The exact curvature may
    be negative; the bound majorises the full matrix, and is at least 1e-16.

    References
    ----------
    J. Lin, Divergence Measures Based on the Shannon Entropy, 1991.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.js_div(np.log([[0.5, 0.5]]), np.array([[0.9, 0.1]])), 4)
    0.1017
    """
