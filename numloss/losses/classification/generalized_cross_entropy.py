"""Cross-entropy that tolerates wrong labels."""

from ...declare import ANY, UP_TO_ONE, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LOGITS
from ...scalar import expm1, power_within


def _generalized_cross_entropy(nll, p, rest, q):
    slope = power_within(p, q)
    return -expm1(-q * nll) / q, slope, -q * slope * rest


@rowwise(
    _generalized_cross_entropy,
    law_inputs=3,
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    q=UP_TO_ONE,
    aliases=("categorical_generalized_cross_entropy",),
)
def generalized_cross_entropy(
    pred: Array,
    target: Array,
    *,
    q: float = 0.7,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Generalised cross-entropy of a softmax over classes: ``(1 - p**q) / q``, p the probability of the label.

    Between `cross_entropy`, its limit for small q, and the absolute error ``1 - p`` at q = 1, which forgives wrong
    labels but learns slowly.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    q : float in (0, 1]
        The power; the larger, the less a label counts that the model does not believe.

    Notes
    -----
    The gradient is ``p**q`` times that of `cross_entropy`; powers keep their digits, and confident rows theirs. The
    exact curvature may be negative; the bound majorises the full matrix, and is at least 1e-16.

    References
    ----------
    Z. Zhang and M. Sabuncu, Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels,
    NeurIPS 2018.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.generalized_cross_entropy(np.array([[2.0, 0.0, 0.0]]), np.array([0]), q=0.5), 4)
    0.2258
    """
