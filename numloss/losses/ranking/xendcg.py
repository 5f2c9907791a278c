"""XE-NDCG."""

from ...declare import ANY, RELEVANCE, UNIT, Array, Options, Result, Unpack, ranked


@ranked(
    "xendcg_block",
    pred=ANY,
    target=RELEVANCE,
    gamma=UNIT,
    per_element=("gamma",),
    convex=True,
    cost=3.0,
    aliases=("xe_ndcg", "rank_xendcg"),
)
def xendcg(
    pred: Array,
    target: Array,
    *,
    groups: Array | None = None,
    gamma: Array | float = 0.5,
    **options: Unpack[Options],
) -> Result:
    r"""XE-NDCG, the cross-entropy ``-sum(phi * log_softmax(pred))`` of each list, with ``phi = gain / sum(gain)``.

    The gains of its rows are ``2^target - gamma``. With gammas of 1 the loss is a convex bound of minus the logarithm
    of the normalised discounted gain (NDCG); drawn anew for each call, rows of one relevance are told apart by chance.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N,)
        Scores of the rows of all lists.
    target : array of any real dtype, shape (N,), whole numbers in [0, 31]
        The relevance of each row.
    gamma : float, or array of any real dtype, shape (N,), in [0, 1]
        What the gain of each row lacks of 2^target. The paper and LightGBM draw them evenly:
        ``gamma=np.random.default_rng(seed).random(len(pred))``; 0.5 is the mean of that. Read in the dtype of pred.

    Returns
    -------
    float, or array of shape (Q,) for ``reduction="none"``
        A value is that of a list; ``weight`` has the shape (Q,), and the mean is over lists that have rows.

    Raises
    ------
    TypeError
        If pred is not floating, or groups are not integers.
    ValueError
        If shapes do not fit, groups do not rise from 0 to N, a target is not a whole number in [0, 31], or a gamma is
        not in [0, 1].

    Notes
    -----
    The loss, gradient ``softmax(pred) - phi`` and curvature ``p * (1 - p)`` of the paper, with all digits where a list
    is certain; the bound of the curvature is twice the curvature, and at least 1e-16. LightGBM's ``rank_xendcg`` has
    the same phi and curvature; to the gradient it adds two terms that stand for what the curvature leaves out. Where
    all gains of a list are 0, all count the same. NaN in pred stays in its list.

    References
    ----------
    .. [1] S. Bruch, "An Alternative Cross Entropy Loss for Learning-to-Rank", The Web Conference 2021.

    Examples
    --------
    Two lists, of two and of three rows, with the gains 1.5, 0.5 and 0.5, 1.5, 3.5:

    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([1.0, 0.0, 3.0, 2.0, 1.0]), np.array([1, 0, 0, 1, 2])
    >>> nl.xendcg(pred, target, groups=[0, 2, 5], reduction="none").round(4)
    array([0.5633, 1.9531])
    """
