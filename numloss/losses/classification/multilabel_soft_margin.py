"""Logistic loss of several labels."""

from ...declare import ANY, NONNEGATIVE, Array, Options, Result, Unpack, rowwise
from ...loops.codes import INDICATORS, LOG_PROBABILITIES, MEAN
from ...scalar import decay, log1p_unit


def _multilabel_soft_margin(score, target):
    e = decay(score)
    positive = score > 0.0
    wrong = 1.0 - target if positive else target
    # nobody is wrong: infinitely sure and right costs nothing, though 0 * inf would be NaN
    distance = abs(score) if wrong > 0.0 else 0.0
    up = 1.0 if positive else e
    down = e if positive else 1.0
    slope = ((1.0 - target) * up - target * down) / (1.0 + e)
    return wrong * distance + log1p_unit(e), slope, e / ((1.0 + e) * (1.0 + e))


@rowwise(
    _multilabel_soft_margin,
    law_inputs=2,
    classes=MEAN,
    factor="class_weight",
    scores=LOG_PROBABILITIES,
    target=INDICATORS,
    pred=ANY,
    class_weight=NONNEGATIVE,
    convex=True,
    eager=True,
    cost=3.0,
    aliases=("multilabel_soft_margin_loss",),
)
def multilabel_soft_margin(
    pred: Array,
    target: Array,
    *,
    class_weight: float | Array | None = None,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Mean over classes of the binary cross-entropy of logits, for samples that may have several labels.

    `bce_with_logits` of each class, one value for each sample.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits.
    target : array of numbers in [0, 1], shape of `pred`
        1 for each class that a sample belongs to, else 0, or probabilities; of any real dtype.
    class_weight : array of shape (C,) or float, optional
        What the losses of each class are multiplied by, >= 0. It is not in a denominator.

    Returns
    -------
    float, or array with the shape of `pred` without the class axis for ``reduction="none"``

    Raises
    ------
    TypeError
        If pred is not floating.
    ValueError
        If shapes differ, a target is outside [0, 1], or an option is outside its domain.

    Notes
    -----
    Confident classes keep their digits until they underflow. The bound of the curvature is at least 1e-16.

    References
    ----------
    M.-L. Zhang and Z.-H. Zhou, A Review on Multi-Label Learning Algorithms, IEEE Transactions on Knowledge and Data
    Engineering 26, 2014.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.multilabel_soft_margin(np.array([[2.0, -1.0, 0.0]]), np.array([[1, 0, 1]])), 4)
    0.3778
    """
