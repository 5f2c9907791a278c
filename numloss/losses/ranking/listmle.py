"""ListMLE."""

from ...declare import ANY, REAL, Array, Options, Result, Unpack, ranked


@ranked("risks_block", pred=ANY, target=REAL, convex=True, cost=60.0, aliases=("plackett_luce_nll",))
def listmle(
    pred: Array, target: Array, *, groups: Array | None = None, **options: Unpack[Options]
) -> Result:
    r"""ListMLE, ``sum(log(sum(exp(pred[j]) for j from i on)) - pred[i])`` over the rows i of each list, best first.

    The negative logarithm of the likelihood of the order of the targets, where rows are drawn one after the other, with
    chances that are the softmax of the scores of those that are left (Plackett and Luce).

    Parameters
    ----------
    pred : array of float32 or float64, shape (N,)
        Scores of the rows of all lists.
    target : array of any real dtype, shape (N,)
        How relevant each row is. Only the order within a list counts: largest first, and equal ones in the order in
        which they are given. Read in the dtype of pred.

    Returns
    -------
    float, or array of shape (Q,) for ``reduction="none"``
        A value is that of a list, the sum over its rows; ``weight`` has the shape (Q,), and the mean is over lists that
        have rows.

    Raises
    ------
    TypeError
        If pred is not floating, or groups are not integers.
    ValueError
        If shapes do not fit, groups do not rise from 0 to N, or a target is NaN.

    Notes
    -----
    Sorted, then two walks over each list in float64: sums of exponentials relative to the largest, which is set aside,
    so that lists whose order is certain keep their digits in value and gradient. The curvature is a sum of
    ``p * (1 - p)``; its bound is twice that, and at least 1e-16. NaN in pred stays in its list. A call takes about 90
    bytes of memory a row while it runs.

    References
    ----------
    .. [1] F. Xia, T.-Y. Liu, J. Wang, W. Zhang, H. Li, "Listwise Approach to Learning to Rank: Theory and Algorithm",
       ICML 2008.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target = np.array([1.0, 0.0, 3.0, 2.0, 1.0]), np.array([1.0, 0.0, 0.0, 1.0, 2.0])
    >>> nl.listmle(pred, target, groups=[0, 2, 5], reduction="none").round(4)
    array([0.3133, 3.7209])
    """
