"""Focal loss of classes."""

from ...declare import ANY, NONNEGATIVE, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LOGITS
from ...scalar import minimum, power_within


def _softmax_focal_constants(gamma):
    return minimum(1e30, gamma)


def _softmax_focal(nll, p, rest, gamma, most):
    faded = power_within(rest, most)
    # -p log p / (1 - p), with its limits where the label is certain, or out of question
    pull = 0.0 if p == 0.0 else p if rest == 0.0 else p * nll / rest
    curvature = gamma * faded * (2.0 * p - pull * rest + (gamma - 1.0) * p * pull)
    return faded * nll, faded * (1.0 + gamma * pull), curvature


@rowwise(
    _softmax_focal,
    law_inputs=3,
    constants=_softmax_focal_constants,
    scores=LOGITS,
    target=LABELS,
    factor="alpha",
    pred=ANY,
    alpha=NONNEGATIVE,
    gamma=NONNEGATIVE,
    cost=3.0,
    aliases=("categorical_focal_crossentropy",),
)
def softmax_focal(
    pred: Array,
    target: Array,
    *,
    alpha: float | Array | None = None,
    gamma: float = 2.0,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Focal loss of a softmax over classes: ``-alpha[target] * (1 - p)**gamma * log(p)``, p that of the label.

    Cross-entropy that fades for rows that are classified well, for problems where easy ones outnumber the others.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    alpha : float or array of shape (C,), optional
        What the losses of all classes, or of each class, are multiplied by, >= 0. Unlike `class_weight` it is not in
        the denominator of the mean.
    gamma : float >= 0
        How fast the loss fades; 0 is `cross_entropy`.

    Notes
    -----
    With l the cross-entropy and v the gradient of `cross_entropy`, the gradient is
    ``(1 - p)**(gamma - 1) * (1 - p + gamma * p * l) * v``. ``1 - p`` is the sum of the other probabilities, so that
    confident rows keep their digits. The exact curvature changes sign; the bound majorises the full matrix, and is at
    least 1e-16.

    References
    ----------
    T.-Y. Lin et al., Focal Loss for Dense Object Detection, ICCV 2017.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits = np.array([[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    >>> round(nl.softmax_focal(logits, np.array([0, 2])), 4)
    1.4159
    """
