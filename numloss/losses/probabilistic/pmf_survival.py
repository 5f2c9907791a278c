"""Survival in discrete time by a distribution over the intervals."""

from ...declare import ANY, BINARY, Array, Options, Result, Unpack, examplewise


@examplewise(
    "outcomes_examples",
    axes={"pred": ("...", "bin"), "target": ("...",), "event": ("...",)},
    labels={"target": "bin"},
    scratch=lambda sizes, mode: (sizes["bin"] + 1, sizes["bin"] + 1, 0),
    work=lambda sizes: 60.0 + 3.0 * sizes["bin"],
    run=16,
    derived={"kind": lambda: 0.0},
    params=("kind",),
    pred=ANY,
    event=BINARY,
    convex=False,
    aliases=("nll_pmf", "deephit_nll",),
)
def pmf_survival(pred: Array, target: Array, event: Array, **options: Unpack[Options]) -> Result:
    r"""Negative log-likelihood of a distribution over intervals, ``-log p[k]``, or if censored ``-log sum(p[j > k])``.

    For survival in intervals of time: p is the softmax of `pred` with a 0 behind it, which stands for the time beyond
    the last interval.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., bins)
        Logits of the intervals, relative to that of no event in any of them.
    target : array of integers, shape (...)
        The interval of the event, or of the end of observation, in [0, bins).
    event : array of any real dtype, shape (...), 0 or 1
        Whether it was an event; 0 is censored: nothing happened up to the end of the interval.

    Notes
    -----
    Convex where events happened; of censored rows the difference of two convex functions. Both sums are compared by
    their logarithms, so that certain rows keep their digits. As in pycox, whose DeepHit for a single risk adds to this
    loss one of pairs of rows.

    References
    ----------
    H. Kvamme, O. Borgan, Continuous and discrete-time survival prediction with neural networks, Lifetime Data
    Analysis 27, 2021. C. Lee et al., DeepHit: A Deep Learning Approach to Survival Analysis With Competing Risks,
    AAAI 2018.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, event = np.array([[0.0, 1.0, -1.0], [0.5, 0.0, 0.0]]), np.array([1, 2]), np.array([1, 0])
    >>> nl.pmf_survival(pred, target, event, reduction="none").round(4)
    array([0.6265, 1.5366])
    """
