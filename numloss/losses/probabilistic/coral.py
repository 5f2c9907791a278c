"""Ordered classes by the logits of being above each of their levels."""

from ...declare import ANY, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LEVELS, LOGITS
from ...scalar import decay, log1p_unit


def _coral(score, side):
    e = decay(score)
    above = side > 0.0
    # how far the score lies on the wrong side; NaN stays NaN by way of e
    wrong = -score if above else score
    far = wrong > 0.0
    share = (1.0 if far else e) / (1.0 + e)
    return (wrong if far else 0.0) + log1p_unit(e), -share if above else share, e / ((1.0 + e) * (1.0 + e))


@rowwise(
    _coral,
    law_inputs=2,
    classes=LEVELS,
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    convex=True,
    cost=3.0,
    aliases=("coral_loss", "consistent_rank_logits"),
)
def coral(
    pred: Array,
    target: Array,
    *,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropies of K - 1 logits of being above a level, ``sum over k of bce_with_logits(pred[k], target > k)``.

    Ratings, ages, grades: K ordered classes without distances, as K - 1 questions whether a class is above the k-th.
    In the model of the paper one score is shared by all of them and each has a bias of its own, so that no
    probability is above that of a lower level; the loss takes any logits.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, K - 1) or (N, K - 1, d1, ...)
        Logits of ``target > k``, for k = 0, ..., K - 2.
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
    The loss of a row is the sum over its levels, and the mean that over rows, as in the authors' code. Logits that are
    sure keep their digits until they underflow. The curvature is ``p * (1 - p)`` of each; the bound is at least 1e-16.

    References
    ----------
    W. Cao, V. Mirjalili and S. Raschka, Rank Consistent Ordinal Regression for Neural Networks with Application to Age
    Estimation, arXiv:1901.07884.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits = np.array([[2.0, 0.5, -1.0], [1.0, -1.0, -3.0]])
    >>> nl.coral(logits, np.array([2, 0]), reduction="none").round(4)
    array([0.9143, 1.6751])
    """
