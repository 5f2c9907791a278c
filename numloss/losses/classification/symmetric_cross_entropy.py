"""Cross-entropy, and cross-entropy with its two sides exchanged."""

from ...declare import ANY, NONNEGATIVE, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LOGITS


def _symmetric_cross_entropy(nll, p, rest, alpha, beta):
    # log 0 of the label's other side is read as -4
    reverse = 4.0 * beta
    # a share of 0 costs nothing, though 0 * inf would be NaN; NaN stays NaN in the rest
    forward = alpha * nll if alpha > 0.0 else 0.0
    return forward + reverse * rest, alpha + reverse * p, -reverse * p * rest


@rowwise(
    _symmetric_cross_entropy,
    law_inputs=3,
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    alpha=NONNEGATIVE,
    beta=NONNEGATIVE,
    aliases=("symmetric_loss",),
)
def symmetric_cross_entropy(
    pred: Array,
    target: Array,
    *,
    alpha: float = 0.1,
    beta: float = 1.0,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Symmetric cross-entropy of a softmax over classes: ``-alpha * log(p) + 4 * beta * (1 - p)``.

    p is the probability of the label. The second term is the cross-entropy of the label given the prediction, in which
    log 0 is read as -4: it forgives wrong labels, the first learns fast.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    alpha, beta : float >= 0
        Shares of the cross-entropy and of the reversed one; another value for log 0 is a multiple of beta.

    Notes
    -----
    The gradient is ``alpha + 4 * beta * p`` times that of `cross_entropy`. ``1 - p`` is the sum of the other
    probabilities, so that confident rows keep their digits. The exact curvature may be negative; the bound majorises
    the full matrix, and is at least 1e-16.

    References
    ----------
    Y. Wang et al., Symmetric Cross Entropy for Robust Learning with Noisy Labels, ICCV 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.symmetric_cross_entropy(np.array([[2.0, 0.0, 0.0]]), np.array([0])), 4)
    0.876
    """
