"""ListNet."""

from ...declare import ANY, FINITE, Array, Options, Result, Unpack, ranked


@ranked("listnet_block", pred=ANY, target=FINITE, convex=True, cost=3.0, aliases=("ranking_softmax",))
def listnet(
    pred: Array, target: Array, *, groups: Array | None = None, **options: Unpack[Options]
) -> Result:
    r"""ListNet, the cross-entropy ``-sum(softmax(target) * log_softmax(pred))`` of each list.

    The chance of each row to be the first of its list, by the scores, against the chance by the targets.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N,)
        Scores of the rows of all lists.
    target : array of any real dtype, shape (N,), finite
        How relevant each row is, on the scale of scores.

    Returns
    -------
    float, or array of shape (Q,) for ``reduction="none"``
        A value is that of a list; ``weight`` has the shape (Q,), and the mean is over lists that have rows.

    Raises
    ------
    TypeError
        If pred is not floating, or groups are not integers.
    ValueError
        If shapes do not fit, groups do not rise from 0 to N, or a target is NaN or infinite.

    Notes
    -----
    Other libraries take the targets themselves for the distribution, optax without making them sum to 1:
    ``optax.ranking_softmax_loss(pred, softmax(target))`` is this loss. Values, gradients ``softmax(pred) -
    softmax(target)`` and curvatures ``p * (1 - p)`` keep their digits where a list is certain: what the probability of
    the first row lacks is a sum of the others. The bound of the curvature is twice the curvature, and at least 1e-16.
    NaN in pred stays in its list.

    References
    ----------
    .. [1] Z. Cao, T. Qin, T.-Y. Liu, M.-F. Tsai, H. Li, "Learning to Rank: From Pairwise Approach to Listwise
       Approach", ICML 2007.

    Examples
    --------
    Two lists, of two and of three rows:

    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([1.0, 0.0, 3.0, 2.0, 1.0]), np.array([1.0, 0.0, 0.0, 1.0, 2.0])
    >>> nl.listnet(pred, target, groups=[0, 2, 5], reduction="none").round(4)
    array([0.5822, 1.9828])
    """
