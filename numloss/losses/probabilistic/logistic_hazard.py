"""Survival in discrete time by a hazard for each interval."""

from ...declare import ANY, BINARY, Array, Options, Result, Unpack, examplewise


@examplewise(
    "hazards_examples",
    axes={"pred": ("...", "bin"), "target": ("...",), "event": ("...",)},
    labels={"target": "bin"},
    scratch=lambda sizes, mode: (sizes["bin"], 0, 0),
    work=lambda sizes: 20.0 + 2.0 * sizes["bin"],
    run=16,
    derived={"kind": lambda: 0.0},
    params=("kind",),
    pred=ANY,
    event=BINARY,
    curvature=True,
    convex=True,
    aliases=("nnet_survival", "nll_logistic_hazard",),
)
def logistic_hazard(pred: Array, target: Array, event: Array, **options: Unpack[Options]) -> Result:
    r"""Negative log-likelihood of discrete hazards, ``sum(softplus(pred[j]) for j <= k) - event * pred[k]``.

    For survival in intervals of time: ``sigmoid(pred[j])`` is the probability that the event happens in interval j, if
    it has not happened before.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., bins)
        Logits of the hazards of the intervals.
    target : array of integers, shape (...)
        The interval of the event, or of the end of observation, in [0, bins).
    event : array of any real dtype, shape (...), 0 or 1
        Whether it was an event; 0 is censored: nothing happened up to the end of the interval.

    Notes
    -----
    A row is a sum of binary cross-entropies over the intervals up to its own, which later ones have no part in. pycox
    has the same convention; its loss is averaged over rows, too.

    References
    ----------
    M. F. Gensheimer, B. Narasimhan, A scalable discrete-time survival model for neural networks, PeerJ 7, 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, event = np.array([[0.0, 1.0, -1.0], [0.5, 0.0, 0.0]]), np.array([1, 2]), np.array([1, 0])
    >>> nl.logistic_hazard(pred, target, event, reduction="none").round(4)
    array([1.0064, 2.3604])
    """
