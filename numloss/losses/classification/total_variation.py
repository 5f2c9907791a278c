"""Total variation distance of two sets of logits."""

from ...declare import ANY, POSITIVE, REST, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LOGITS, RATIO, SCORES


def _total_variation(ratio, more, curve, p, q):
    apart = q - p if ratio > 1.0 else p * more
    half = 0.5 * q if apart > 0.0 else -(0.5 * q) if apart < 0.0 else 0.0 * apart
    return 0.5 * abs(apart), half, half



@rowwise(
    _total_variation,
    law_inputs=5,
    classes=RATIO,
    scores=LOGITS,
    target=SCORES,
    eager=True,
    pred=ANY,
    temperature=POSITIVE,
    words={"rest": REST},
    kinks="p = q at a class, where the slope is 0",
    cost=4.0,
    aliases=("tvd", "total_variation_distance"),
)
def total_variation(
    pred: Array,
    target: Array,
    *,
    temperature: float = 1.0,
    indices: Array | None = None,
    rest: str = "tail",
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Total variation distance ``sum |p - q| / 2`` of two sets of logits.

    p and q are the softmax of target and pred: the largest difference of probability that they give to any event,
    between 0 and 1. It is summed over the classes, then averaged over the rows.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits of q; the only input that is differentiated.
    target : array of floats, shape of `pred`
        Logits of p. A class of -inf in both counts nothing.

    Notes
    -----
    Its digits are kept however near or far the distributions are, as in `kl_logits`. The exact curvature
    may be negative; the bound majorises the full matrix, and is at least 1e-16.

    References
    ----------
    Y. Wen et al., f-Divergence Minimization for Sequence-Level Knowledge Distillation, arXiv:2307.15190.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> x, y = np.array([[2.0, 0.0]]), np.array([[0.0, 0.0]])
    >>> round(nl.total_variation(x, y), 4)
    0.3808
    """
