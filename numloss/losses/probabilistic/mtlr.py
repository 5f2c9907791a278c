"""Multi-task logistic regression of survival."""

from ...declare import ANY, BINARY, Array, Options, Result, Unpack, examplewise


@examplewise(
    "outcomes_examples",
    axes={"pred": ("...", "bin"), "target": ("...",), "event": ("...",)},
    labels={"target": "bin"},
    scratch=lambda sizes, mode: (sizes["bin"] + 1, sizes["bin"] + 1, 0),
    work=lambda sizes: 60.0 + 4.0 * sizes["bin"],
    run=16,
    derived={"kind": lambda: 1.0},
    params=("kind",),
    pred=ANY,
    event=BINARY,
    convex=False,
    aliases=("nll_mtlr",),
)
def mtlr(pred: Array, target: Array, event: Array, **options: Unpack[Options]) -> Result:
    r"""`pmf_survival` of logits that are sums from an interval to the last, ``flip(cumsum(flip(pred)))``.

    For survival in intervals of time, as a sequence of logistic regressions, one for each end of an interval: whether
    the event has happened by then.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., bins)
        What each end of an interval adds to the logits of the intervals up to it.
    target : array of integers, shape (...)
        The interval of the event, or of the end of observation, in [0, bins).
    event : array of any real dtype, shape (...), 0 or 1
        Whether it was an event; 0 is censored: nothing happened up to the end of the interval.

    Notes
    -----
    Sums are taken in float64. Convex where events happened. As in pycox.

    References
    ----------
    C.-N. Yu et al., Learning Patient-Specific Cancer Survival Distributions as a Sequence of Dependent Regressors,
    NeurIPS 2011. S. Fotso, Deep Neural Networks for Survival Analysis Based on a Multi-Task Framework,
    arXiv:1801.05512.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, event = np.array([[0.0, 1.0, -1.0], [0.5, 0.0, 0.0]]), np.array([1, 2]), np.array([1, 0])
    >>> nl.mtlr(pred, target, event, reduction="none").round(4)
    array([1.2143, 1.5366])
    """
