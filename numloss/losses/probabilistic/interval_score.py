"""Score of prediction intervals."""

from ...declare import ANY, BINARY, OPEN_UNIT, REAL, Array, Options, Result, Unpack, elementwise


def _interval_score(lower, upper, target, alpha, scaled):
    below = lower - target
    above = target - upper
    # a tie costs nothing; NaN stays NaN
    under = 1.0 if below > 0.0 else 0.0 if below <= 0.0 else below
    over = 1.0 if above > 0.0 else 0.0 if above <= 0.0 else above
    missed = (below if under != 0.0 else 0.0) + (above if over != 0.0 else 0.0)
    width = upper - lower
    # what the width and what the miss count; 2 / alpha may overflow, though nothing was missed
    share = 0.5 * alpha if scaled > 0.0 else 1.0
    rate = 1.0 if scaled > 0.0 else 2.0 / alpha
    cost = rate * missed if missed != 0.0 else 0.0
    first = (rate if under != 0.0 else 0.0) - share if under == under else under
    second = share - (rate if over != 0.0 else 0.0) if over == over else over
    return share * width + cost, (first, second), (0.0, 0.0)


@elementwise(
    _interval_score,
    differentiable=(0, 1),
    per_element=("alpha",),
    lower=ANY,
    upper=ANY,
    target=REAL,
    alpha=OPEN_UNIT,
    scaled=BINARY,
    convex=True,
    kinks="the target is an end of the interval, where the slope is that within it",
    least=1.0,
    cost=0.6,
    aliases=("winkler_score", "interval_loss"),
)
def interval_score(
    lower: Array,
    upper: Array,
    target: Array,
    *,
    alpha: float | Array = 0.1,
    scaled: bool = False,
    **options: Unpack[Options],
) -> Result:
    r"""Interval score of Winkler, ``upper - lower + 2 / alpha * max(0, lower - target, target - upper)``.

    A proper score of intervals that should hold the target with probability ``1 - alpha``: narrow ones are better, and
    missing the target costs the more the surer the interval was.

    Parameters
    ----------
    lower, upper : arrays of float32 or float64, any shape
        Predicted ends; both are differentiated.
    target : array, shape of `lower`
        Observed values, any real dtype, not NaN.
    alpha : float in (0, 1) or array, optional
        How often the target may be missed; of an array the shape fits the last axes of `lower`.
    scaled : bool
        Multiplies by ``alpha / 2``: the mean over intervals of several `alpha` is the weighted interval score, of
        which that of a median alone, ``lower = upper`` with `alpha` near 1, is half of `mae`.

    Notes
    -----
    Where an interval is turned round, ``lower > upper``, both ends may be missed; both misses count, and the width is
    negative. Scaled it is the sum of both `quantile` losses, of ``alpha / 2`` and ``1 - alpha / 2``. Sums are accurate
    relative to their larger part. Gradients are a pair; the curvature is 0, and the bound is 1.

    References
    ----------
    .. [1] T. Gneiting, A. E. Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", Journal of the
       American Statistical Association 102 (2007).
    .. [2] J. Bracher, E. L. Ray, T. Gneiting, N. G. Reich, "Evaluating Epidemic Forecasts in an Interval Format", PLOS
       Computational Biology 17 (2021).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> lower, upper, target = np.array([0.0, 0.0]), np.array([1.0, 1.0]), np.array([0.5, 1.25])
    >>> nl.interval_score(lower, upper, target, alpha=0.5, reduction="none")
    array([1., 2.])
    >>> alphas = np.array([0.5, 0.2])
    >>> nl.interval_score(lower, upper, target, alpha=alphas, scaled=True, reduction="none")
    array([0.25, 0.35])
    """
