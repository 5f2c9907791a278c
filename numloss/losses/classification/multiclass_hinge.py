"""Hinge loss over classes, of the one that comes nearest."""

from ...declare import ANY, FINITE, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LARGEST, LOGITS


def _multiclass_hinge(gap, target, margin):
    excess = margin + gap
    # at the margin nothing is pushed; NaN stays NaN
    return excess if not excess <= 0.0 else 0.0, 0.0 if excess <= 0.0 else 1.0, 0.0


@rowwise(
    _multiclass_hinge,
    law_inputs=2,
    classes=LARGEST,
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    margin=FINITE,
    convex=True,
    kinks="two scores that are the largest, or one that is less than the label's by exactly the margin",
    cost=3.0,
    aliases=("multiclass_hinge_loss", "crammer_singer"),
)
def multiclass_hinge(
    pred: Array,
    target: Array,
    *,
    margin: float = 1.0,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Hinge loss over classes ``max(0, margin - pred[target] + max(pred[j] for j != target))``.

    The score of the label should exceed the best other one by a margin (Crammer and Singer); with ``margin=0`` it is
    the perceptron of classes.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Scores.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    margin : float
        By how much the label should win.

    Notes
    -----
    The gradient is 1 at the best other score, the first of equals, and -1 at the label; 0 at the margin itself. The
    curvature is 0, the bound 1e-16.

    References
    ----------
    K. Crammer and Y. Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines, 2001.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.multiclass_hinge(np.array([[2.0, 1.5, -1.0, 0.5]]), np.array([0]))
    0.5
    """
