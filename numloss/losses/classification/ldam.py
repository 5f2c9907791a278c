"""Cross-entropy with a margin for each class, wider for rare ones."""

from ...declare import ANY, NONNEGATIVE, POSITIVE, Array, Options, Result, Unpack, rowwise
from ...declare.frequencies import margins_of
from ...loops.codes import LABELS, LOGIT, LOGITS


def _ldam(score, margin, scale):
    return scale * (score - margin), scale, 0.0


@rowwise(
    _ldam,
    law_inputs=2,
    classes=LOGIT,
    scores=LOGITS,
    target=LABELS,
    offsets=margins_of,
    pred=ANY,
    counts=POSITIVE,
    margin=NONNEGATIVE,
    scale=POSITIVE,
    convex=True,
    eager=True,
    cost=3.0,
    aliases=("label_distribution_aware_margin", "ldam_loss"),
)
def ldam(
    pred: Array,
    target: Array,
    *,
    counts: float | Array,
    margin: float = 0.5,
    scale: float = 30.0,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropy of ``scale * pred`` with a margin taken off the label's score, wider for rare classes.

    For classes of which some are rare: the score of a label has to exceed all others by a margin that falls with the
    fourth root of how many examples its class has.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Scores, as cosines between normalised features and weights.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    counts : array of shape (C,), or float
        How many examples each class has, > 0; what all have in common makes no difference.
    margin : float >= 0
        The margin of the rarest class; that of another one is ``margin * (min(counts) / counts[j])**0.25``.
    scale : float > 0
        What scores are multiplied by, for logits.

    Notes
    -----
    Margins are computed in float64 and rounded to the dtype of `pred`. The authors turn on weights of the classes late
    in training: see `class_balanced_weight`, for `class_weight`. The bound of the curvature is at least 1e-16.

    References
    ----------
    K. Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> scores, label = np.array([[0.5, 0.25]]), np.array([1])
    >>> round(nl.ldam(scores, label, counts=np.array([160, 10]), scale=4.0), 4)
    3.0486
    """
