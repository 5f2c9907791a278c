"""Negative log-likelihood of labels."""

from ...declare import ANY, Array, Options, Result, Unpack, rowwise
from ...loops.codes import LABELS, LOG_PROBABILITIES


@rowwise(
    scores=LOG_PROBABILITIES,
    target=LABELS,
    pred=ANY,
    convex=True,
    cost=0.5,
    aliases=("nll_loss", "negative_log_likelihood"),
)
def nll(
    pred: Array,
    target: Array,
    *,
    class_weight: Array | None = None,
    ignore_index: int | None = -100,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Negative log-likelihood of labels: ``-pred[target]``, pred being log-probabilities.

    For models that end in a log-softmax of their own; from logits, cross_entropy does both in one pass.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Log-probabilities.
    target : array of integers, shape (N,) or (N, d1, ...)
        Labels in [0, C), of any integer dtype.
    ignore_index : int or None
        Rows with this label count nothing and get a gradient of exact zeros.

    Notes
    -----
    Linear in pred: values and gradients carry one rounding each, and the curvature is 0 (bound: 1e-16).

    References
    ----------
    C. M. Bishop, Pattern Recognition and Machine Learning, 4.3.4, 2006.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> round(nl.nll(np.log([[0.5, 0.25, 0.25]]), np.array([0])), 4)
    0.6931
    """
