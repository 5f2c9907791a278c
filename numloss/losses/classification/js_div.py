"""Jensen-Shannon divergence."""

from ...declare import ANY, OPEN_UNIT, Array, Options, Result, Unpack, rowwise
from ...loops.codes import DISTRIBUTION, LOG_PROBABILITIES, RATIO
from ...scalar import log, log_rest


def _js_div(ratio, more, curve, target, q, beta, other):
    own = other * q
    m = beta * target + own
    middle = m if m > 0.0 else 1.0
    difference = target - q if ratio > 1.0 else -(target * more)
    target_ratio = target / middle
    q_ratio = q / middle
    # target / m and q / m less 1, and their logarithms less that where it is small
    above = other * difference / middle
    below = -beta * difference / middle
    above_rest = log_rest(above)
    below_rest = log_rest(below)
    target_far = log(target_ratio)
    q_far = log(q_ratio)
    # between sqrt(1/2) and sqrt(2)
    target_near = abs(above - 0.06) < 0.35
    q_near = abs(below - 0.06) < 0.35
    by_q = below + below_rest if q_near else q_far
    # r log r - (r - 1) of both ratios r: what is taken off cancels in the sum, and none of them is negative
    target_cost = target_ratio * target_far - above if target > 0.0 else 1.0
    q_cost = q_ratio * q_far - below if q > 0.0 else 1.0
    target_cost = above * above + (1.0 + above) * above_rest if target_near else target_cost
    q_cost = below * below + (1.0 + below) * below_rest if q_near else q_cost
    cost = beta * m * target_cost + other * m * q_cost
    slope = own * by_q if q > 0.0 else own
    return cost, slope, slope + own * beta * target_ratio


@rowwise(
    _js_div,
    law_inputs=5,
    classes=RATIO,
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
    Each row is a sum of terms of which none is negative: within 8 ulp, and 8 units of rounding of its square root, as
    probabilities are rounded, which shows where both nearly agree. The exact curvature may be negative; the bound
    majorises the full matrix, and is at least 1e-16.

    References
    ----------
    J. Lin, Divergence Measures Based on the Shannon Entropy, 1991.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.js_div(np.log([[0.5, 0.5]]), np.array([[0.9, 0.1]])), 4)
    0.1017
    """
