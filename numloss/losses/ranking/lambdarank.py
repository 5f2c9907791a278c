"""LambdaRank."""

from ...declare import ANY, POSITIVE, RELEVANCE, Array, Options, Result, Unpack, ranked


@ranked(
    "lambdarank_block",
    pred=ANY,
    target=RELEVANCE,
    params=("sigma",),
    sigma=POSITIVE,
    cost=40.0,
    kinks="where two scores are equal: their ranks change places",
    aliases=("rank_ndcg", "lambda_rank"),
)
def lambdarank(
    pred: Array,
    target: Array,
    *,
    groups: Array | None = None,
    k: int | None = None,
    sigma: float = 1.0,
    **options: Unpack[Options],
) -> Result:
    r"""LambdaRank, ``sum(delta[i, j] * log(1 + exp(-sigma * (pred[i] - pred[j]))))`` over pairs of each list.

    The pairs are those in which i is more relevant than j. The weight delta is what the normalised discounted gain
    (NDCG) would change by if both exchanged their ranks: ``(2^target[i] - 2^target[j]) * |d[i] - d[j]| / best``, with
    ``d = 1 / log2(1 + rank)`` and the gain of the best order as divisor.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N,)
        Scores of the rows of all lists. A list is ranked by them, the largest first, equal ones in the order in which
        they are given.
    target : array of any real dtype, shape (N,), whole numbers in [0, 31]
        The relevance of each row; its gain is 2^target - 1.
    k : int >= 1, optional
        Pairs count only if one of both is among the first k ranks, and the gain of the best order is that of its first
        k ranks. None is all.
    sigma : float > 0
        How steep the loss of a pair is.

    Returns
    -------
    float, or array of shape (Q,) for ``reduction="none"``
        A value is that of a list, the sum over its pairs, 0 without any; ``weight`` has the shape (Q,), and the mean
        is over lists that have rows.

    Raises
    ------
    TypeError
        If pred is not floating, groups are not integers, or k is none.
    ValueError
        If shapes do not fit, groups do not rise from 0 to N, a target is not a whole number in [0, 31], or an option is
        outside its domain.

    Notes
    -----
    Ranks are held fixed in gradient and curvature, which is the derivative wherever no two scores are equal; the value
    jumps there. The curvature is ``sigma^2 * delta * p * (1 - p)`` summed over the pairs of a row; its bound is twice
    that, as boosted trees use it, and at least 1e-16. LightGBM and XGBoost have the same pairs for
    ``lambdarank_truncation_level=k`` and ``lambdarank_num_pair_per_sample=k``, without their normalisation of lists.
    NaN in pred stays in its list. A call takes about 70 bytes of memory a row while it runs.

    References
    ----------
    .. [1] C. J. C. Burges, "From RankNet to LambdaRank to LambdaMART: An Overview", MSR-TR-2010-82.

    Examples
    --------
    Gradient and curvature for an objective of boosted trees:

    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([0.5, 0.0, 1.0]), np.array([2, 0, 1])
    >>> value, slope, bend = nl.value_grad_hess(nl.lambdarank)(pred, target, groups=[0, 3], reduction="sum")
    >>> slope.round(4)
    array([-0.1674,  0.0779,  0.0895])
    """
