"""The first polynomial loss beyond cross-entropy."""

from ...declare import ANY, AT_LEAST_MINUS_ONE, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LOGITS


def _poly1_cross_entropy(nll, p, rest, epsilon):
    return nll + epsilon * rest, 1.0 + epsilon * p, -epsilon * p * rest


@rowwise(
    _poly1_cross_entropy,
    law_inputs=3,
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    epsilon=AT_LEAST_MINUS_ONE,
    aliases=("poly_loss_cross_entropy",),
)
def poly1_cross_entropy(
    pred: Array,
    target: Array,
    *,
    epsilon: float = 1.0,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Poly-1 loss of a softmax over classes: ``-log(p) + epsilon * (1 - p)``, p that of the label.

    Cross-entropy is a series in ``1 - p``; this moves the coefficient of its first term.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    epsilon : float >= -1
        What is added to the first coefficient, which is 1; 0 is `cross_entropy`.

    Notes
    -----
    The gradient is ``1 + epsilon * p`` times that of `cross_entropy`. ``1 - p`` is the sum of the other probabilities,
    so that confident rows keep their digits. The exact curvature may be negative; the bound majorises the full matrix,
    and is at least 1e-16.

    References
    ----------
    Z. Leng et al., PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions, ICLR 2022.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.poly1_cross_entropy(np.array([[2.0, 0.0, 0.0]]), np.array([0]), epsilon=2.0), 4)
    0.6656
    """
