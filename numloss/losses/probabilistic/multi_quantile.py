"""Quantile loss of several levels, and the weighted interval score."""

from ...declare import ANY, BINARY, NONNEGATIVE, OPEN_UNIT, REAL, Array, Options, Result, Unpack, examplewise, preset


def _levels_scratch(sizes, mode):
    return 5 * (-(-sizes["quantile"] // 16) * 16), 0, 0


def _levels_work(sizes):
    return 50.0 + 2.0 * sizes["quantile"]


@examplewise(
    "multi_quantile_examples",
    axes={"pred": ("...", "quantile"), "target": ("...",), "levels": ("...", "quantile")},
    scratch=_levels_scratch,
    work=_levels_work,
    run=16,
    refused="levels must rise where crossing costs, and do not",
    params=("crossing", "margin", "doubled"),
    pred=ANY,
    target=REAL,
    levels=OPEN_UNIT,
    crossing=NONNEGATIVE,
    margin=NONNEGATIVE,
    doubled=BINARY,
    convex=True,
    kinks="a quantile is the target, or just the margin below the next one",
    cost=2.0,
    aliases=("mqloss", "multi_quantile_loss", "wis"),
)
def multi_quantile(
    pred: Array,
    target: Array,
    *,
    levels: Array | None = None,
    crossing: float = 0.0,
    margin: float = 0.0,
    doubled: bool = False,
    **options: Unpack[Options],
) -> Result:
    r"""Quantile losses of a row of quantiles and one target, ``mean over k of max(q[k] * u[k], (q[k] - 1) * u[k])``.

    ``u[k] = target - pred[k]``, and q are the `levels`: a forecast by Q quantiles. With `crossing` it also costs
    ``crossing * mean over k of max(0, margin + pred[k] - pred[k + 1])``, of neighbours that are not in order.
    `weighted_interval_score` is twice the former: that of the intervals between the outermost quantiles, the next ones
    and so on, and of the median.

    Parameters
    ----------
    pred : array of float32 or float64, shape (..., Q)
        The quantiles of each example on the last axis.
    target : array of real numbers, shape (...)
        Observed values, not NaN.
    levels : array or sequence of numbers in (0, 1), shape (Q,) or (..., Q), optional
        Which quantiles they are. Without them they are the middles ``(k + 1/2) / Q``.
    crossing : float >= 0
        What a quantile that is not the margin below the next one costs; levels must rise then.
    margin : float >= 0
        How far apart neighbours ought to be.
    doubled : bool
        Twice the quantile losses, which is the weighted interval score, and nears the continuous ranked probability
        score as levels get more.

    Returns
    -------
    float, or array of shape (...) for ``reduction="none"``

    Raises
    ------
    ValueError
        If shapes do not fit, a target is NaN, a level is not in (0, 1), or levels do not rise where crossing costs.
    TypeError
        If pred is not floating, or the others are no numbers.

    Notes
    -----
    Levels are read in the dtype of `pred`. For levels ``alpha / 2`` and ``1 - alpha / 2`` of K intervals, with or
    without that of 1/2, ``weighted_interval_score`` is the mean over intervals of ``alpha / 2`` times their
    `interval_score`, where the median counts half: ``(abs(target - median) / 2 + sum of these) / (K + 1/2)``, as
    scoringutils has it. At a tie the slope is 0. A prediction that is NaN makes the loss NaN. No curvature is offered.

    References
    ----------
    .. [1] R. Koenker and G. Bassett, "Regression Quantiles", Econometrica 46 (1978).
    .. [2] R. Wen, K. Torkkola, B. Narayanaswamy and D. Madeka, "A Multi-Horizon Quantile Recurrent Forecaster",
       arXiv:1711.11053.
    .. [3] J. Bracher, E. L. Ray, T. Gneiting, N. G. Reich, "Evaluating Epidemic Forecasts in an Interval Format", PLOS
       Computational Biology 17 (2021).

    Examples
    --------
    >>> import numpy as np, numloss as nl
    >>> pred, target, levels = np.array([[0.0, 1.0, 3.0], [1.0, 0.5, 2.0]]), np.array([2.0, 2.5]), [0.25, 0.5, 0.75]
    >>> nl.multi_quantile(pred, target, levels=levels, reduction="none")
    array([0.41666667, 0.58333333])
    >>> nl.multi_quantile(pred, target, levels=levels, crossing=1.0, reduction="none")
    array([0.41666667, 0.83333333])
    >>> nl.weighted_interval_score(pred, target, levels=levels, reduction="none")
    array([0.83333333, 1.16666667])
    """


weighted_interval_score = preset("weighted_interval_score", multi_quantile, doubled=True)
