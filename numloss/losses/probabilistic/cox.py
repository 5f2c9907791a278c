"""Cox's partial likelihood."""

from ...declare import ANY, BINARY, REAL, Array, Options, Result, Unpack, ranked


@ranked("risks_block", pred=ANY, time=REAL, event=BINARY, convex=True, cost=60.0, aliases=("cox_ph", "cox_nll"))
def cox(
    pred: Array,
    time: Array,
    event: Array,
    *,
    groups: Array | None = None,
    ties: str = "breslow",
    **options: Unpack[Options],
) -> Result:
    r"""Cox's negative log partial likelihood, ``sum(log(sum(exp(pred[j]) for j at risk)) - pred[i])`` over events i.

    For survival: the score is the logarithm of a hazard, and of all that were still at risk when an event happened it
    should be largest for the one that it happened to. At risk are those whose time is not before that of the event.

    Parameters
    ----------
    pred : array of float32 or float64, shape (N,)
        Logarithms of hazards.
    time : array of any real dtype, shape (N,)
        When an event happened or observation ended. Only the order and ties within a group count. Read in the dtype of
        pred: float32 does not tell apart times that differ by less than a part of 1.7e7.
    event : array of any real dtype, shape (N,), 0 or 1
        Whether an event happened; 0 is censored: such a row is at risk until its time, and no more.
    groups : array of integers, shape (Q + 1,), optional
        Strata: where each begins and, at the end, N: from 0, never falling. Rows are compared within their group. None
        is one group of all rows.
    ties : {"breslow", "efron"}
        What several events at one time are compared with: all of them with the same sum, or, in Efron's way, each with
        a sum that holds fewer of them, ``rest + (d - l) / d * tied`` for l from 0 to d - 1.

    Returns
    -------
    float, or array of shape (Q,) for ``reduction="none"``
        A value is the sum over the events of a group; ``weight`` has the shape (Q,), and the mean is over events, each
        with the weight of its group.

    Raises
    ------
    TypeError
        If pred is not floating, or groups are not integers.
    ValueError
        If shapes do not fit, groups do not rise from 0 to N, a time is NaN, an event is not 0 or 1, or ties is neither.

    Notes
    -----
    Sorted, then two walks over each group in float64: sums of exponentials relative to the largest, which is set
    aside, so that models that are certain keep their digits in value and gradient. The curvature is a sum of
    ``p * (1 - p)``; its bound is twice that, and at least 1e-16. NaN in pred stays in its group; a group without events
    counts nothing. A call takes about 90 bytes of memory a row while it runs.

    References
    ----------
    .. [1] D. R. Cox, "Partial likelihood", Biometrika 62, 1975.
    .. [2] B. Efron, "The Efficiency of Cox's Likelihood Function for Censored Data", JASA 72, 1977.

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, time, event = np.array([1.0, 0.0, -1.0]), np.array([2.0, 3.0, 5.0]), np.array([1, 1, 0])
    >>> round(nl.cox(pred, time, event), 4)
    0.3604
    """
