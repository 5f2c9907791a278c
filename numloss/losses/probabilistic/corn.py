"""Ordered classes by the logits of going on from each level to the next."""

from ...declare import ANY, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LEVELS, LOGITS
from ...scalar import decay, log1p_unit


def _corn(score, side):
    e = decay(score)
    above = side > 0.0
    # who did not come to a level is not asked whether he is above it
    asked = side >= 0.0
    wrong = -score if above else score
    far = wrong > 0.0
    share = (1.0 if far else e) / (1.0 + e)
    value = (wrong if far else 0.0) + log1p_unit(e)
    slope = -share if above else share
    curvature = e / ((1.0 + e) * (1.0 + e))
    return value if asked else 0.0, slope if asked else 0.0, curvature if asked else 0.0


@rowwise(
    _corn,
    law_inputs=2,
    classes=LEVELS,
    asked=True,
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    convex=True,
    cost=3.0,
    aliases=("corn_loss", "continuation_ratio"),
)
def corn(
    pred: Array,
    target: Array,
    *,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropies of K - 1 logits of going on, ``sum over k <= target of bce_with_logits(pred[k], target > k)``.

    Ordered classes as a chain of questions: who is above level k - 1 is asked whether he is above level k. The product
    of the probabilities up to k is that of being above k, which falls with k whatever the logits are.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, K - 1) or (N, K - 1, d1, ...)
        Logits of ``target > k`` among those with ``target > k - 1``, for k = 0, ..., K - 2.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, K), of any integer dtype.

    Raises
    ------
    IndexError
        If a label is outside [0, K), with its position, its value and the range.
    TypeError
        If pred is not floating, or labels are not integers.
    ValueError
        If shapes do not fit.

    Notes
    -----
    The loss of a row is the sum over the levels that it is asked about, ``min(target + 1, K - 1)``. A mean divides by
    the number of these questions, not of rows, as the paper and the authors' code do: a row counts as many, times its
    weight. It is the negative log-likelihood of a discrete hazard. Logits of other levels are not looked at. The
    curvature is ``p * (1 - p)`` of each; the bound is at least 1e-16.

    References
    ----------
    X. Shi, W. Cao and S. Raschka, Deep Neural Networks for Rank-Consistent Ordinal Regression Based On Conditional
    Probabilities, arXiv:2111.08851.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits = np.array([[2.0, 0.5, -1.0], [1.0, -1.0, -3.0]])
    >>> nl.corn(logits, np.array([2, 0]), reduction="none").round(4)
    array([0.9143, 1.3133])
    >>> round(nl.corn(logits, np.array([2, 0])), 4)
    0.5569
    """
