"""Hinge loss over classes, summed over all that come too near."""

from ...declare import ANY, FINITE, ONE_OR_TWO, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LOGITS, MEAN


def _multi_margin(gap, target, p, margin):
    excess = margin + gap
    # at the margin nothing is pushed; NaN stays NaN
    near = excess if not excess <= 0.0 else 0.0
    square = p > 1.0
    slope = 0.0 if excess <= 0.0 else 1.0
    return near * near if square else near, 2.0 * near if square else slope, 2.0 * slope if square else 0.0


@rowwise(
    _multi_margin,
    law_inputs=2,
    classes=MEAN,
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    p=ONE_OR_TWO,
    margin=FINITE,
    convex=True,
    kinks="a score within the margin of the label's by exactly nothing",
    cost=3.0,
    aliases=("multi_margin_loss", "weston_watkins_hinge"),
)
def multi_margin(
    pred: Array,
    target: Array,
    *,
    p: float = 1.0,
    margin: float = 1.0,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Hinge loss over classes ``sum(max(0, margin - pred[target] + pred[j])**p for j != target) / C``.

    The score of the label should exceed every other one by a margin (Weston and Watkins); each that comes nearer costs.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Scores.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    p : 1 or 2
        Power of what is missing.
    margin : float
        By how much the label should win.
    class_weight : array of shape (C,), optional
        Weight >= 0 of each class: a row counts ``class_weight[target]``, in the denominator of a mean, too, where
        PyTorch's loss of this name divides by the number of rows.

    Notes
    -----
    The gradient at the label is minus the sum of the others. At the margin itself the slope is 0. Where p is 1 the
    curvature is 0, where it is 2 that of the squares; the bound adds up the rows of the full matrix, and is at least
    1e-16.

    References
    ----------
    J. Weston and C. Watkins, Support Vector Machines for Multi-Class Pattern Recognition, ESANN 1999.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> nl.multi_margin(np.array([[2.0, 1.5, -1.0, 0.5]]), np.array([0]))
    0.125
    """
