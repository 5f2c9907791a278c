"""Cross-entropy of logits that know how frequent the classes are."""

from ...declare import ANY, FINITE, POSITIVE, Array, Options, Result, Unpack, rowwise
from ...declare.frequencies import log_prior
from ...loops.codes import LABELS, LOGITS


@rowwise(
    scores=LOGITS,
    target=LABELS,
    offsets=log_prior,
    pred=ANY,
    prior=POSITIVE,
    tau=FINITE,
    convex=True,
    eager=True,
    aliases=("logit_adjusted_softmax", "balanced_softmax"),
)
def logit_adjusted_cross_entropy(
    pred: Array,
    target: Array,
    *,
    prior: float | Array,
    tau: float = 1.0,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    label_smoothing: float = 0.0,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Cross-entropy of adjusted logits, ``cross_entropy(pred + tau * log(prior), target)``.

    For classes of which some are rare: with the prior in the loss the logits learn what speaks for a class beyond its
    frequency, so that rare classes are found as well as the others.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Logits.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    prior : array of shape (C,), or float
        How frequent each class is, > 0, as shares or counts; what all have in common makes no difference.
    tau : float
        How much of it is taken into account; 0 is `cross_entropy`.
    label_smoothing : float in [0, 1)
        Share of each label that is spread over all classes.

    Notes
    -----
    Logarithms are taken in float64 and rounded to the dtype of `pred`. Gradient, curvature and digits are those of
    `cross_entropy` of the adjusted logits.

    References
    ----------
    A. K. Menon et al., Long-tail learning via logit adjustment, ICLR 2021.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> logits, label = np.zeros((1, 2)), np.array([1])
    >>> round(nl.logit_adjusted_cross_entropy(logits, label, prior=np.array([90, 10])), 4)
    2.3026
    """
