"""Loss of the entmax of 1.5."""

from ...declare import ANY, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LOGITS, SPARSE_SQUARES


def _entmax15(excess, target, roots):
    none = excess <= 0.0
    # the root of the probability of a class; NaN stays NaN
    root = 0.0 if none else excess
    p = root * root
    return 0.6666666666666666 * (p * root), p, root * (1.0 - root / roots)


@rowwise(
    _entmax15,
    law_inputs=3,
    classes=SPARSE_SQUARES,
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    convex=True,
    kinks="a score from which on a class has a probability: the slope of the curvature jumps there",
    cost=4.0,
    aliases=("entmax15_loss",),
)
def entmax15(
    pred: Array,
    target: Array,
    *,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Loss of the 1.5-entmax: ``max over p of (p @ pred + H(p)) - pred[target]``, H Tsallis' entropy of order 1.5.

    The distribution that attains it is ``max(0, pred / 2 - tau)**2``: half way between the softmax, where every class
    has some probability, and the sparsemax, it is exactly zero for classes that are far behind. A label that leads
    every other class by 2 costs nothing.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Scores.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.

    Notes
    -----
    ``H(p) = 4 / 3 * sum(p - p**1.5)``. The gradient is p less 1 at the label. Everything is computed from how far
    halves of the other scores reach into the margin of 1 before the largest, so that rows that are nearly certain keep
    their digits, and large scores those of their differences. tau is found by Newton's method, which takes a few passes
    over a row and needs no sorting. With ``s = sqrt(p)`` the second derivatives are ``diag(s) - s s^T / sum(s)``; the
    bound adds up their rows, and is at least 1e-16.

    References
    ----------
    B. Peters, V. Niculae and A. Martins, Sparse Sequence-to-Sequence Models, ACL 2019, arXiv:1905.05702.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.entmax15(np.array([[0.0, 0.0, -4.0], [2.0, 0.0, -1.0]]), np.array([0, 0]), reduction="none").round(4)
    array([0.3905, 0.    ])
    """
