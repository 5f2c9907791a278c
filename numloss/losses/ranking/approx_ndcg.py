"""ApproxNDCG."""

from ...declare import ANY, POSITIVE, RELEVANCE, Array, Options, Result, Unpack, ranked


@ranked(
    "approx_ndcg_block",
    pred=ANY,
    target=RELEVANCE,
    params=("temperature",),
    temperature=POSITIVE,
    cost=35.0,
    aliases=("approximate_ndcg", "approx_ndcg_loss"),
)
def approx_ndcg(
    pred: Array,
    target: Array,
    *,
    groups: Array | None = None,
    temperature: float = 0.1,
    **options: Unpack[Options],
) -> Result:
    r"""ApproxNDCG, ``-sum((2^target[i] - 1) / log2(1 + rank[i])) / best`` over the rows i of a list, of smooth ranks.

    The normalised discounted gain (NDCG), negative, where a rank is 1 and how far others are above,
    ``rank[i] = 1 + sum(sigmoid((pred[j] - pred[i]) / temperature) for other j)``. The divisor is the gain of the best
    order.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N,)
        Scores of the rows of all lists.
    target : array of any real dtype, shape (N,), whole numbers in [0, 31]
        The relevance of each row; its gain is 2^target - 1.
    temperature : float > 0
        The distance of scores at which one is above the other: the smaller, the nearer is the loss to -NDCG, and the
        more of the gradients vanish.

    Returns
    -------
    float, or array of shape (Q,) for ``reduction="none"``
        A value is that of a list, in [-1, 0], and 0 where nothing in it is relevant; ``weight`` has the shape (Q,), and
        the mean is over lists that have rows.

    Raises
    ------
    TypeError
        If pred is not floating, or groups are not integers.
    ValueError
        If shapes do not fit, groups do not rise from 0 to N, a target is not a whole number in [0, 31], or temperature
        is not > 0 and finite.

    Notes
    -----
    As in TensorFlow Ranking, whose temperature is 0.1, too, and whose lists without relevant rows count otherwise; the
    alpha of Qin et al. and of allRank, 1 there, is 1 / temperature. Each row is compared with all of its list: the time
    is that of n^2 pairs, twice with a gradient. The curvature is that of one score, and often negative; its bound is
    ``2 / temperature^2 * sum(abs(c[i] - c[j]) * p * (1 - p))``, with c the slopes by ranks and p the sigmoid, and at
    least 1e-16. NaN in pred stays in its list. A call takes about 40 bytes of memory a row while it runs.

    References
    ----------
    .. [1] T. Qin, T.-Y. Liu, H. Li, "A general approximation framework for direct optimization of information retrieval
       measures", Information Retrieval 13, 2010.
    .. [2] S. Bruch, M. Zoghi, M. Bendersky, M. Najork, "Revisiting Approximate Metric Optimization in the Age of Deep
       Neural Networks", SIGIR 2019.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([1.0, 0.0, 3.0, 2.0, 1.0]), np.array([1, 0, 0, 1, 2])
    >>> nl.approx_ndcg(pred, target, groups=[0, 2, 5], temperature=1.0, reduction="none").round(4)
    array([-0.846 , -0.6197])
    """
