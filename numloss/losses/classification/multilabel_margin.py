"""Hinge loss of several labels."""

from ...declare import ANY, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LOG_PROBABILITIES, MEMBERS, PAIRS


def _multilabel_margin(gap, target):
    excess = 1.0 + gap
    # at the margin nothing is pushed, and labels do not push each other; NaN stays NaN
    none = excess <= 0.0
    near = 0.0 if none else excess
    slope = 0.0 if none else 1.0
    label = target > 0.0
    return 0.0 if label else near, 0.0 if label else slope, 0.0


@rowwise(
    _multilabel_margin,
    law_inputs=2,
    classes=PAIRS,
    scores=LOG_PROBABILITIES,
    target=MEMBERS,
    pred=ANY,
    convex=True,
    kinks="a score that is less than a label's by exactly 1",
    cost=8.0,
    aliases=("multilabel_margin_loss",),
)
def multilabel_margin(pred: Array, target: Array, *, axis: int = 1, **options: Unpack[Options]) -> Result:
    r"""Hinge loss of several labels, ``sum(max(0, 1 - pred[j] + pred[i]) for labels j, others i) / C``.

    The scores of all labels of a sample should exceed those of all other classes by 1.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Scores.
    target : array of 0 and 1, shape of `pred`
        1 for each class that a sample belongs to; of any real dtype.

    Returns
    -------
    float, or array with the shape of `pred` without the class axis for ``reduction="none"``

    Raises
    ------
    TypeError
        If pred is not floating.
    ValueError
        If shapes differ, or a target is not 0 or 1.

    Notes
    -----
    The work of a sample is that of its labels times the classes. The gradient counts pairs, so that it is exact. The
    curvature is 0; the bound is 1e-16. On a device the gradient cannot be written over `pred`.

    References
    ----------
    K. Crammer and Y. Singer, A Family of Additive Online Algorithms for Category Ranking, JMLR 3, 2003.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.multilabel_margin(np.array([[2.0, 1.5, -1.0, 0.5]]), np.array([[1, 0, 0, 1]]))
    0.625
    """
