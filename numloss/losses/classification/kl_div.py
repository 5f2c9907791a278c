"""Kullback-Leibler divergence."""

from ...declare import ANY, Array, Options, Result, Unpack, rowwise
from ...loops.codes import DISTRIBUTION, LOG_PROBABILITIES, RATIO


@rowwise(
    scores=LOG_PROBABILITIES,
    target=DISTRIBUTION,
    classes=RATIO,
    eager=True,
    pred=ANY,
    convex=True,
    aliases=("kullback_leibler_divergence", "kl_divergence", "relative_entropy"),
)
def kl_div(
    pred: Array,
    target: Array,
    *,
    log_target: bool = False,
    from_logits: bool = False,
    axis: int = 1,
    **options: Unpack[Options],
) -> Result:
    r"""Kullback-Leibler divergence KL(target || pred): ``sum target * (log target - pred)`` over the classes.

    For distillation and variational losses. It is summed over the classes, then averaged over the rows: the mean
    is the divergence, not a C-th of it.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N, C) or (N, C, d1, ...)
        Log-probabilities; logits with ``from_logits=True``.
    target : array of floats with the shape of pred
        Distribution over the classes, >= 0; its logarithm with ``log_target=True``. 0 log 0 is 0.
    log_target : bool
        target holds log-probabilities.
    from_logits : bool
        pred holds logits: a log-softmax is taken in the same pass. It says nothing about target.

    Returns
    -------
    float, or array of shape (N, d1, ...) for ``reduction="none"``

    Raises
    ------
    TypeError
        If pred is not floating.
    ValueError
        If shapes differ or target has a negative or NaN entry, with its position and value.

    Notes
    -----
    With a target that sums to 1 up to rounding, and a prediction of logits or one that does so, too, both are taken for
    the distributions that they are rounded of: the divergence is then never negative, and it and its gradient with
    respect to logits keep their digits however near or far both are; see `kl_logits`. What a target lost when it was
    rounded to probabilities or to their logarithms is lost: of two that nearly agree, logits know most. Other numbers
    are taken as they are: each row is a sum of ``target * (log target - pred)``, within 8 ulp of the sum of its terms.
    From logits the curvature is ``p (1 - p)`` times the sum of the target (bound: twice that, at least 1e-16);
    from log-probabilities it is 0.

    References
    ----------
    S. Kullback and R. A. Leibler, On Information and Sufficiency, 1951.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> p = np.array([[0.5, 0.5]])
    >>> float(nl.kl_div(np.log(p), p))
    0.0
    >>> round(nl.kl_div(np.array([[0.0, 0.0]]), np.array([[0.9, 0.1]]), from_logits=True), 4)
    0.3681
    """
