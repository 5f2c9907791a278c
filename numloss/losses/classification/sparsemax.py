"""Loss of the sparsemax."""

from ...declare import ANY, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LOGITS, SPARSE


def _sparsemax(excess, target, support):
    none = excess <= 0.0
    # the probability of a class; NaN stays NaN
    p = 0.0 if none else excess
    curvature = 0.0 if none else 1.0 - 1.0 / support
    return 0.5 * p * p, p, curvature


@rowwise(
    _sparsemax,
    law_inputs=3,
    classes=SPARSE,
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    convex=True,
    kinks="a score from which on a class has a probability: the curvature jumps there",
    cost=4.0,
    aliases=("sparsemax_loss", "multiclass_sparsemax_loss"),
)
def sparsemax(
    pred: Array,
    target: Array,
    *,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Loss of the sparsemax: ``max over p of (p @ pred - p @ p / 2) - pred[target] + 1/2``, p a distribution.

    The distribution that attains it, the point of the simplex nearest to the scores, is exactly zero for classes that
    are far behind; a label that leads every other class by 1 costs nothing.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Scores.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.

    Notes
    -----
    The gradient is p less 1 at the label. Everything is computed from how far the other scores reach into the margin
    of 1 before the largest, so that rows that are nearly certain keep their digits, and large scores those of their
    differences. The threshold below which p is 0 is found by Newton's method, which takes a few passes over a row and
    needs no sorting. The curvature of a class with a
    probability is 1 less 1 / the number of those; the bound adds up the rows of the full matrix, and is at least 1e-16.

    References
    ----------
    A. Martins and R. Astudillo, From Softmax to Sparsemax: A Sparse Model of Attention and Multi-Label Classification,
    ICML 2016.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.sparsemax(np.array([[2.0, 1.5, -1.0], [2.0, 0.5, -1.0]]), np.array([0, 0]), reduction="none")
    array([0.0625, 0.    ])
    """
