"""DeepHit, for a single risk."""

from ...declare import ANY, BINARY, POSITIVE, UNIT, Array, Options, Result, Unpack, examplewise


@examplewise(
    "deephit_examples",
    axes={"pred": ("...", "row", "bin"), "target": ("...", "row"), "event": ("...", "row")},
    labels={"target": "bin"},
    scratch=lambda sizes, mode: (sizes["bin"] + 1, (6 + 2 * sizes["row"]) * (sizes["bin"] + 1), 0),
    work=lambda sizes: sizes["row"] * (100.0 + 15.0 * sizes["bin"]),
    params=("alpha", "sigma"),
    pred=ANY,
    event=BINARY,
    alpha=UNIT,
    sigma=POSITIVE,
    convex=False,
    cost=10.0,
    aliases=("deep_hit", "deephit_single"),
)
def deephit(
    pred: Array,
    target: Array,
    event: Array,
    *,
    alpha: float = 0.2,
    sigma: float = 0.1,
    **options: Unpack[Options],
) -> Result:
    r"""DeepHit of a batch of N rows, ``alpha * mean(nll) + (1 - alpha) * sum(exp((F[j, k] - F[i, k]) / sigma)) / N^2``.

    For survival in intervals of time: F is the sum of a distribution up to an interval, and nll what `pmf_survival` is
    of it. The sum is over pairs of a row i with an event in interval k and a row j without one until then, whose k is
    larger, or as large and censored: the event should have been likelier in the row that had it.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., rows, bins)
        Logits of the intervals of each row, relative to that of no event in any of them. All rows of a batch are
        compared with each other; leading axes are batches, each a loss.
    target : array of integers, shape (..., rows)
        The interval of the event, or of the end of observation, in [0, bins).
    event : array of any real dtype, shape (..., rows), 0 or 1
        Whether it was an event; 0 is censored: nothing happened up to the end of the interval.
    alpha : float in [0, 1]
        How much the likelihood counts, and 1 - alpha the pairs, as in pycox; not the alpha of the paper.
    sigma : float > 0
        The difference of probabilities by which a pair falls to 1/e.

    Notes
    -----
    As ``DeepHitSingle`` of pycox, with means over rows and over all N^2 pairs. A pair is a product of one number of
    each row, so that the time of a batch is that of its rows times the bins, not that of its pairs. What pairs are made
    of is float64, since an exponential by 1 / sigma shows rounding. Batches are worked on by one thread each, in memory
    for twice their numbers. The mean of parts of a batch is not that of the batch. NaN in pred stays in its batch.

    References
    ----------
    C. Lee, W. R. Zame, J. Yoon, M. van der Schaar, DeepHit: A Deep Learning Approach to Survival Analysis With
    Competing Risks, AAAI 2018. H. Kvamme, O. Borgan, I. Scheel, Time-to-Event Prediction with Neural Networks and Cox
    Regression, JMLR 20, 2019.

    Examples
    --------
    A batch of two rows:

    >>> import numpy as np, numloss as nl
    >>> pred, target, event = np.array([[0.0, 1.0, -1.0], [0.5, 0.0, 0.0]]), np.array([1, 2]), np.array([1, 0])
    >>> round(nl.deephit(pred, target, event), 4)
    0.2562
    """
