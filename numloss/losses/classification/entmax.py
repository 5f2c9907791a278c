"""Loss of the entmax of any order."""

from ...declare import ABOVE_1_UP_TO_2, ANY, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LOGITS, SPARSE_POWERS
from ...scalar import exp_of_product, log


def _entmax(place, target, support, steepness, power, share):
    # what lies above the threshold, see loops/rowwise_sparse.py, and what that loses to rounding; NaN stays NaN
    none = place <= -0.5
    amount = place if place > 0.0 else (1.0 if none else 1.0 + place)
    lost = 0.0 if none or place > 0.0 else place - (amount - 1.0)
    found = exp_of_product(power, log(amount) + lost / amount, 0.0)
    # the root of the probability of a class
    root = 0.0 if none else found
    p = root * amount
    return share * (p * amount), p, root * (1.0 - root / support)


@rowwise(
    _entmax,
    law_inputs=3,
    classes=SPARSE_POWERS,
    derived={
        "steepness": lambda alpha: alpha - 1.0,
        "power": lambda alpha: (2.0 - alpha) / (alpha - 1.0),
        "share": lambda alpha: 1.0 / alpha,
    },
    scores=LOGITS,
    target=LABELS,
    pred=ANY,
    alpha=ABOVE_1_UP_TO_2,
    convex=True,
    kinks="a score from which on a class has a probability: the curvature, or its slope, jumps there",
    cost=30.0,
    aliases=("entmax_bisect_loss", "tsallis_loss"),
)
def entmax(
    pred: Array,
    target: Array,
    *,
    alpha: float = 1.5,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Loss of the alpha-entmax: ``max over p of (p @ pred + H(p)) - pred[target]``, H Tsallis' entropy of order alpha.

    The distribution that attains it is ``max(0, (alpha - 1) * pred - tau)**(1 / (alpha - 1))``: the softmax as alpha
    comes to 1, the sparsemax with 2, it is exactly zero for classes that are far behind. A label that leads every other
    class by ``1 / (alpha - 1)`` costs nothing.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Scores.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    alpha : float in (1, 2]
        Order of the entropy: the larger, the more classes have no probability.

    Notes
    -----
    ``H(p) = sum(p - p**alpha) / (alpha * (alpha - 1))``; it is the Fenchel-Young loss of -H. The gradient is p less 1
    at the label. `sparsemax` and `entmax15` are this loss with 2 and 1.5, without powers and several times as fast.
    What powers are taken of is known by how much it is above 0, or below 1 where that is less, so that neither rows
    that are nearly certain nor an alpha near 1 cost digits. tau is found by Newton's method, which never goes too far
    and takes a few passes over a row. With ``s = p**(2 - alpha)`` the second derivatives are ``diag(s) - s s^T /
    sum(s)``; the bound adds up their rows, and is at least 1e-16. There is no gradient by alpha.

    References
    ----------
    B. Peters, V. Niculae and A. Martins, Sparse Sequence-to-Sequence Models, ACL 2019, arXiv:1905.05702.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([[0.0, 0.0, -4.0], [2.0, 0.0, -1.0]]), np.array([0, 0])
    >>> nl.entmax(pred, target, alpha=1.5, reduction="none").round(4)
    array([0.3905, 0.    ])
    >>> nl.entmax(pred, target, alpha=1.1, reduction="none").round(4)
    array([0.6097, 0.0879])
    """
